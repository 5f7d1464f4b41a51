// The login page works without this. It shows the password on demand, says that the login is under
// way, and counts down to the next attempt.
"use strict";
(() => {
  const form = document.getElementById("login");
  const button = form && form.querySelector(".go");
  const password = form && form.elements.password;
  const note = document.getElementById("note");
  const label = button && button.textContent;
  let isWaiting = false;
  let timers = [];

  function show(isShown) {
    const says = form.dataset;
    const toggle = form.querySelector(".show");
    password.type = isShown ? "text" : "password";
    toggle.textContent = isShown ? says.hide : says.show;
    toggle.setAttribute("aria-label", isShown ? says.hidePassword : says.showPassword);
  }

  function ready() {
    timers.forEach(clearTimeout);
    timers = [];
    button.textContent = label;
    button.classList.remove("at-work");
    button.disabled = isWaiting;
  }

  function submitted() {
    show(false);
    button.classList.add("at-work");
    button.disabled = true;
    timers = [
      setTimeout(() => { button.textContent = form.dataset.loggingIn; }, 300),
      // A way that was broken off leaves the page as it was.
      setTimeout(ready, 20000),
    ];
  }

  function wait(seconds) {
    const says = note.dataset;
    if (seconds > 120) {
      return says.minutes.replace("{minutes}", Math.ceil(seconds / 60));
    }
    return seconds === 1 ? says.second : says.seconds.replace("{seconds}", seconds);
  }

  function countDown(until) {
    const left = Math.ceil((until - Date.now()) / 1000);
    const [seen, said] = note.children;
    if (left > 0) {
      seen.textContent = wait(left);
      setTimeout(countDown, (until - Date.now()) % 1000 || 1000, until);
      return;
    }
    isWaiting = false;
    ready();
    seen.textContent = said.textContent = note.dataset.now;
    note.classList.replace("warn", "ok");
  }

  if (form) {
    const toggle = form.querySelector(".show");
    toggle.hidden = false;
    form.classList.add("scripted");
    toggle.addEventListener("click", () => {
      show(password.type === "password");
      password.focus();
    });
    form.addEventListener("submit", submitted);
    // What the browser keeps of a page that was left would be disabled, and hold the password.
    addEventListener("pageshow", (event) => {
      if (event.persisted) {
        password.value = "";
        ready();
      }
    });
    if (note && note.dataset.wait) {
      isWaiting = true;
      ready();
      countDown(Date.now() + note.dataset.wait * 1000);
    }
  }
})();
