// The duty desk: choose a whole group of alarms at once.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-pick-group]");
  if (!button) return;
  event.preventDefault();
  for (const box of button.closest("[data-row]").querySelectorAll(".pickbox")) box.checked = true;
  // The batch strip listens to the boxes themselves.
  button.closest("[data-row]").querySelector(".pickbox")?.dispatchEvent(new Event("change", { bubbles: true }));
});
