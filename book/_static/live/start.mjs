// --- start ------------------------------------------------------------------------------------------

// The solver is fetched when it is first needed: a classic script, so that a folder will do.
// All elements of a page share it. source: gives the script's address.
const loaded = (address) => new Promise((onload, onerror) => {
  document.head.append(make("script", { src: address, onload, onerror }));
});
const solverFrom = async (source) => {
  globalThis.liveSolver ??= source().then(loaded);
  await globalThis.liveSolver;
  return globalThis.loadHighs();
};

const begin = async (element, shown, source) => {
  try {
    // a drawing that only counts needs no solver
    const asks = shown.problem || Object.keys(shown.facts.problems ?? {}).length;
    mount(element, shown, asks ? await solverFrom(source) : null);
  } catch (error) {
    element.dataset.status = "failed";
    element.append(make("p", { role: "alert" }, `This page could not start its solver (${error.message ?? "not found"}).`));
  }
};

const startPage = () => {
  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      watcher.unobserve(target);
      const shown = JSON.parse(target.querySelector("script[type='application/json']").textContent);
      begin(target, shown, async () => target.dataset.solver);
    }
  }, { rootMargin: "50% 0px" });
  // an element has no size before it is on: what stands in its place comes into view
  document.querySelectorAll("[data-live]").forEach((element) => {
    element.classList.add("live-waiting");
    watcher.observe(element);
  });
};
