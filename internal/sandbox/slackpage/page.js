// Keeps the page current, and sends what is pressed without leaving it. Without this script the forms work all the same.
"use strict";

const room = document.getElementById("room");
const channels = document.getElementById("channels");
const open = new Set(); // threads and files that the reader has opened

document.addEventListener("toggle", (event) => {
  const details = event.target;
  if (details.tagName === "DETAILS") details.open ? open.add(details.id) : open.delete(details.id);
}, true);

const atEnd = () => room.scrollHeight - room.scrollTop - room.clientHeight < 60;
const toEnd = () => { room.scrollTop = room.scrollHeight; };

let busy = false, again = false;

// refresh fetches what is there now. A question that is being answered stays until it is closed.
async function refresh() {
  if (busy || document.querySelector(":popover-open")) { again = true; return; }
  busy = true;
  again = false;
  try {
    const page = new DOMParser().parseFromString(await (await fetch(location.href, { cache: "no-store" })).text(), "text/html");
    const fresh = page.getElementById("room");
    if (!fresh || document.querySelector(":popover-open")) { again = true; return; }
    const end = atEnd();
    for (const id of open) {
      const details = page.getElementById(id);
      if (details) details.open = true;
    }
    room.replaceChildren(...fresh.childNodes);
    channels.replaceChildren(...page.getElementById("channels").childNodes);
    document.querySelector(".way").textContent = page.querySelector(".way").textContent;
    if (end) toEnd();
  } catch { // the sandbox is away; the event source tells when it is back
  } finally {
    busy = false;
    if (again && !document.querySelector(":popover-open")) refresh();
  }
}

document.addEventListener("toggle", (event) => {
  if (event.target.matches(".confirm") && event.newState === "closed" && again) refresh();
}, true);

// send submits a form beside the page.
async function send(form) {
  const body = new URLSearchParams(new FormData(form));
  for (const button of form.querySelectorAll("button, input[type=checkbox]")) button.disabled = true;
  form.closest("[popover]")?.hidePopover();
  try {
    await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
  } finally {
    for (const button of form.querySelectorAll("button, input[type=checkbox]")) button.disabled = false;
    refresh();
  }
}

document.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  send(form);
  if (form.matches(".command")) { form.reset(); toEnd(); }
});

document.addEventListener("change", (event) => {
  const form = event.target.closest("form.boxes");
  if (form) send(form);
});

new EventSource("/ui/events").onmessage = refresh;
toEnd();
