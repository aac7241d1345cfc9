// Light or dark, as the reader's system asks; MathJax is what stands beside the page.
const asked = matchMedia("(prefers-color-scheme: dark)");
const follow = () => { document.documentElement.dataset.theme = asked.matches ? "dark" : "light"; };
follow();
asked.addEventListener("change", follow);
window.MathJax = {
  tex: { inlineMath: [["$", "$"], ["\\(", "\\)"]], packages: { "[-]": ["autoload", "require"] } },
  options: { enableMenu: false },
};
