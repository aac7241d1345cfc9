// --- the word for money ---------------------------------------------------------------------------
// Views write `yuan`, as the texts of vppcore do. What they show, or say to who cannot see, leaves
// through here in the currency of the case; the pattern is that of vppcore/currency.py.
const MONEY = /(?<![A-Za-z_'])[Yy]uan(?![A-Za-z_])/g;
const SPOKEN = ["aria-label", "aria-valuetext", "title"];

const putInto = (currency, node) => {
  if (node.nodeType === Node.TEXT_NODE) {
    const text = node.data.replace(MONEY, currency);
    if (text !== node.data) node.data = text;
  } else if (node.nodeType === Node.ELEMENT_NODE && node.localName !== "script") {
    for (const name of SPOKEN) {
      const before = node.getAttribute(name);
      const text = before?.replace(MONEY, currency);
      if (text !== before) node.setAttribute(name, text);
    }
    node.childNodes.forEach((child) => putInto(currency, child));
  }
};

// Before anything is painted or read aloud: an observer comes as soon as a view has drawn.
const keepIn = (currency, element) => {
  const changed = ({ type, target, addedNodes }) => (
    (type === "childList" ? [...addedNodes] : [target]).forEach((node) => putInto(currency, node))
  );
  const watcher = new MutationObserver((records) => records.forEach(changed));
  watcher.observe(element, {
    subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: SPOKEN,
  });
};
