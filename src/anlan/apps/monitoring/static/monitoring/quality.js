// The page of alarm quality goes to the printer as it stands.
document.querySelector("[data-print]")?.addEventListener("click", () => print());
