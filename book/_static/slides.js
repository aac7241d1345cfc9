// Slides of the book: arrow keys, a number in the corner, an address for each slide.
window.addEventListener("load", () => {
  const deck = new Reveal(document.querySelector(".reveal"), {
    width: 1280,
    height: 720,
    margin: 0.03,
    center: false,
    hash: true,
    transition: "none",
    backgroundTransition: "none",
    scrollActivationWidth: null,
  });
  // reveal.js makes its own number a link that leads to no element
  const number = document.createElement("p");
  number.className = "number";
  document.querySelector(".reveal").append(number);
  const count = () => {
    number.textContent = `${deck.getSlidePastCount() + 1} / ${deck.getTotalSlides()}`;
  };
  deck.on("slidechanged", count);
  deck.initialize().then(count);
});
