/* What pages gain with JavaScript: announcements, keys, dropped files. Every page also works without this file. */
"use strict";

(() => {
  const announce = (text) => {
    document.getElementById("announce").textContent = text;
  };

  // A swapped part says what it now shows, and keeps the focus where the reader was.
  document.addEventListener("htmx:beforeRequest", (event) => event.detail.target.setAttribute("aria-busy", "true"));
  document.addEventListener("htmx:afterRequest", (event) => event.detail.target.removeAttribute("aria-busy"));
  document.addEventListener("htmx:afterSettle", (event) => {
    const part = event.detail.target.id && document.getElementById(event.detail.target.id);
    const words = part && part.querySelector("[data-announce]");
    if (words) announce(words.textContent);
    // htmx gives the focus back to the link with the same id; where that is gone ("next" on the last page), to the part.
    const region = part && part.querySelector("[tabindex='0']");
    if (region && document.activeElement === document.body) region.focus({ preventScroll: true });
  });

  // A failed part says so and leaves what was there. The server writes the words into the page (no sentences in here).
  const failed = () => {
    const template = document.getElementById("request-failed");
    if (!template) return;
    document.getElementById("messages").replaceChildren(template.content.cloneNode(true));
  };
  document.addEventListener("htmx:responseError", failed);
  document.addEventListener("htmx:sendError", failed);

  // Keys: "/" to the search field, "j" and "k" through rows, Enter opens. Switched off with the switch in the account menu.
  const KEYS = "sekimori-keys";
  const keysAreOn = () => localStorage.getItem(KEYS) !== "off";
  const toggle = document.querySelector("[data-keys-toggle]");
  if (toggle) {
    toggle.hidden = false;
    const show = () => toggle.setAttribute("aria-pressed", String(keysAreOn()));
    toggle.addEventListener("click", () => {
      localStorage.setItem(KEYS, keysAreOn() ? "off" : "on");
      show();
    });
    show();
  }

  const isTyping = (element) => element.matches("input, select, textarea, [contenteditable]");

  const step = (by) => {
    const rows = [...document.querySelectorAll("main .table tbody tr:has(a), main .queue > li:has(a)")];
    if (!rows.length) return;
    const here = rows.findIndex((row) => row.contains(document.activeElement));
    const next = here < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, here + by));
    rows.forEach((row) => row.classList.toggle("is-current", row === rows[next]));
    rows[next].querySelector("a").focus();
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event.target) || !keysAreOn()) return;
    if (event.key === "/") {
      const field = document.querySelector("[data-search], main input[type=search]");
      if (!field) return;
      event.preventDefault();
      field.focus();
    } else if (event.key === "j") {
      step(1);
    } else if (event.key === "k") {
      step(-1);
    }
  });

  // A drop zone hands its files to the file field inside it.
  document.querySelectorAll(".drop").forEach((zone) => {
    const input = zone.querySelector("input[type=file]");
    if (!input) return;
    const over = (isOver) => (event) => {
      event.preventDefault();
      zone.classList.toggle("is-over", isOver);
    };
    zone.addEventListener("dragover", over(true));
    zone.addEventListener("dragleave", over(false));
    zone.addEventListener("drop", (event) => {
      over(false)(event);
      input.files = event.dataTransfer.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    });
  });
})();
