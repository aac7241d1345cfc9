// Checks the numbers that exercises ask for. The answers are not in the page: a number is right if the hash of
// its interval is the one that the page knows. vppcore/exercises (typed.py, sealing.py, checking.py) says how it
// works and why; a test compares what both make of the same texts.
(() => {
  const BLANKS = /[ \t\r\n\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+/g;
  const MINUS_SIGNS = /[\u2010-\u2015\u2212\ufe63\uff0d]/g;
  const SIGNED = /^([+-]?) ?([^\n]*)$/;
  const PLAIN = /^(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)(?:[eE][+-]?[0-9]{1,2})?$/;
  const GROUPED = /^[1-9][0-9]{0,2}([.,'\u2019 ])[0-9]{3}(?:\1[0-9]{3})*(?:(?!\1)[.,][0-9]*)?$/;
  const FNV_START = 0x811c9dc5;
  const FNV_FACTOR = 0x01000193;
  const LARGEST_COUNT = 2 ** 53;
  const PAUSE_MILLISECONDS = 50; // a status that is emptied first is told again, even if its words are the same

  // The numbers that a text may mean: none, one or two.
  const readings = (text, unit = "") => {
    const trimmed = words => words.replace(/^ +| +$/g, "");
    let plainText = trimmed(text.replace(BLANKS, " ")).replace(MINUS_SIGNS, "-");
    if (unit && plainText.endsWith(unit)) plainText = trimmed(plainText.slice(0, -unit.length));
    const parts = SIGNED.exec(plainText);
    if (!parts) return [];
    const factor = parts[1] === "-" ? -1 : 1;
    const size = parts[2];
    const found = [];
    if (PLAIN.test(size)) found.push(factor * Number(size.replace(",", ".")));
    const grouped = GROUPED.exec(size);
    if (grouped) found.push(factor * Number(size.split(grouped[1]).join("").replace(",", ".")));
    return found;
  };

  // FNV-1a, 32 bits.
  const hashed = text => {
    let code = FNV_START;
    for (const byte of new TextEncoder().encode(text)) code = Math.imul(code ^ byte, FNV_FACTOR) >>> 0;
    return code;
  };

  const fits = (number, seal) => {
    const intervals = (number - seal.start) / seal.width;
    if (Math.abs(intervals) >= LARGEST_COUNT) return false;
    return hashed(`${Math.floor(intervals)} ${seal.salt}`) === seal.code;
  };

  // {right: true, false, or null for what is no number; sentence: what is told}
  const verdict = (text, asked) => {
    const numbers = readings(text, asked.unit);
    if (numbers.length === 0) return { right: null, sentence: asked.noNumber };
    if (numbers.some(number => fits(number, asked.seal))) return { right: true, sentence: asked.rightWord };
    return { right: false, sentence: `${asked.notYet} ${asked.hint}` };
  };

  const askedBy = form => {
    const said = form.closest(".answers").dataset;
    const { salt, start, width, code, unit, hint } = form.dataset;
    const seal = { salt, start: Number(start), width: Number(width), code: Number(code) };
    return { seal, unit, hint, rightWord: said.right, notYet: said.notYet, noNumber: said.noNumber };
  };

  const tell = (form, { right, sentence }) => {
    const status = form.querySelector(".answer-verdict");
    const input = form.querySelector("input");
    if (right === null) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
    status.classList.toggle("is-right", right === true);
    status.textContent = "";
    setTimeout(() => { status.textContent = sentence; }, PAUSE_MILLISECONDS);
  };

  for (const form of document.querySelectorAll("form.answer")) {
    form.hidden = false;
    form.addEventListener("submit", event => {
      event.preventDefault();
      tell(form, verdict(form.querySelector("input").value, askedBy(form)));
    });
  }
  window.bookExercises = { readings, hashed, verdict, askedBy };
})();
