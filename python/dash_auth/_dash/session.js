// What an open dashboard does when its login ends. It acts on the header Dash-Auth alone, on Dash's
// own requests, and hands on every Response as it came.
(() => {
  "use strict";
  const script = document.currentScript, native = window.fetch;
  if (!script || !native) return;
  const { prefix, login, own, user, touch, banner, lang } = script.dataset;
  const shows = banner !== "false";
  const leaving = [login, ...own.split(" ")];
  const dash = ["_dash-update-component", "_dash-layout", "_dash-dependencies", "_reload-hash"];
  const texts = JSON.parse(lang);
  const text = texts[(navigator.language || "").slice(0, 2).toLowerCase()] || Object.values(texts)[0];

  const loginUrl = () =>
    `${login}?next=${encodeURIComponent(location.pathname + location.search)}${location.hash}`;

  // The banner: one at a time; a note of a busy server never takes the place of a login's.
  const css = `:host{all:initial;position:fixed;inset:0 0 auto;z-index:2147483647;--b:#7f4bc4;--c:#fff;--t:#1f2a44;--h:#dfe4ee;--l:var(--b)}
@media (prefers-color-scheme:dark){:host{--c:#1b2030;--t:#e8ebf2;--h:#2c3347;--l:#b99af0}}
div{box-sizing:border-box;display:flex;align-items:center;justify-content:center;gap:16px;min-height:48px;padding:4px 16px;background:var(--c);color:var(--t);border-top:4px solid var(--b);border-bottom:1px solid var(--h);box-shadow:0 8px 24px rgb(0 9 38/.08);font:600 14px/20px "Open Sans","Helvetica Neue",system-ui,sans-serif}
button{height:32px;padding:0 12px;border:0;border-radius:4px;background:var(--b);color:#fff;font:inherit;cursor:pointer}
.x{background:none;color:inherit}:focus-visible{outline:2px solid var(--l);outline-offset:2px}
@media (forced-colors:active){div,button{border:1px solid}}`;
  let bar = null, quiet = 0;
  const hide = () => {
    if (bar) bar.host.remove();
    bar = null;
  };
  const button = (label, act) => {
    const one = document.createElement("button");
    one.textContent = label;
    one.onclick = act;
    return one;
  };
  const show = (said, key, action) => {
    if (!shows || (bar && (bar.action || bar.said === said)) || Date.now() < quiet) return;
    hide();
    const host = document.createElement("dash-auth-banner"), line = document.createElement("div");
    const root = host.attachShadow({ mode: "open" });
    try {
      // A sheet that is made here needs no leave of a Content-Security-Policy.
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
      root.adoptedStyleSheets = [sheet];
    } catch (_) {
      root.appendChild(document.createElement("style")).textContent = css;
    }
    line.setAttribute("role", "alert");
    line.append(said);
    if (action) line.append(button(action, () => location.assign(loginUrl())));
    const close = button("×", () => {
      if (action) quiet = Date.now() + 60000;
      hide();
    });
    close.className = "x";
    close.setAttribute("aria-label", text.close);
    line.append(close);
    root.append(line);
    (document.body || document.documentElement).prepend(host);
    bar = { host, said, key, action };
  };
  const showLogin = (word, key) =>
    word === "ended" ? show(text.ended, key, text.again) : show(text.login, key, text.in);

  // Dash's requests
  const pathOf = (input) => {
    try {
      const url = new URL(input.url || input, location.href);
      const name = url.pathname.startsWith(prefix) && url.pathname.slice(prefix.length);
      return url.origin === location.origin && dash.includes(name) ? name : "";
    } catch (_) {
      return "";
    }
  };
  const keyOf = (path, init) => {
    const found = /^{"output":"((?:[^"\\]|\\.)*)"/.exec((init && init.body) || "");
    return found ? found[1] : path;
  };
  const isRouter = (key) => key.includes("_pages_content.children");
  const aborted = (signal) => signal.reason || new DOMException("Aborted", "AbortError");
  const waiting = (init, ms) => new Promise((go, fail) => {
    const signal = init && init.signal;
    if (signal && signal.aborted) return fail(aborted(signal));
    const timer = ms === undefined ? 0 : setTimeout(go, ms);
    if (signal) signal.addEventListener("abort", () => {
      clearTimeout(timer);
      fail(aborted(signal));
    }, { once: true });
  });

  // Basic: each further request would open the browser's dialog anew.
  const refused = new Set();
  let held = 0;
  const isHeld = (key) => refused.size > 0 && !isRouter(key) && (user !== "" || refused.has(key));
  const hold = (init) => {
    if (held >= 20) return Promise.reject(new TypeError("Login required"));
    held += 1;
    return waiting(init).finally(() => { held -= 1; });
  };

  const leave = () => {
    // Where that leads back to a refusal, it must not go round and round.
    try {
      const last = JSON.parse(sessionStorage.getItem("dash-auth") || "[]");
      if (last[0] === location.href && Date.now() - last[1] < 10000) return false;
      sessionStorage.setItem("dash-auth", JSON.stringify([location.href, Date.now()]));
    } catch (_) { /* no storage: no memory of it */ }
    location.replace(loginUrl());
    return true;
  };
  const judge = (response, path, input, init, tries) => {
    const word = response.headers.get("Dash-Auth");
    if (!word) {
      if (bar && (!bar.action || bar.key === keyOf(path, init))) hide();
      return response;
    }
    const key = keyOf(path, init), after = Number(response.headers.get("Retry-After")) || 1;
    if (word === "login" || word === "ended") {
      const asks = /\bbasic\b/i.test(response.headers.get("WWW-Authenticate") || "");
      if (isRouter(key) && !asks && leave()) return new Promise(() => {});
      if (asks && shows) refused.add(key);
      showLogin(word, key);
    } else if (word === "throttled") {
      show(text.throttled.replace("%", after), key);
    } else if (word === "busy" && shows) {
      show(text.busy, key);
      const isWhole = !input.url && (!init || !init.body || typeof init.body === "string");
      if (tries < 3 && isWhole)
        return waiting(init, (Math.min(after, 30) + Math.random()) * 1000)
          .then(() => send(path, input, init, tries + 1));
    }
    return response;
  };
  const send = (path, input, init, tries) =>
    native.call(window, input, init).then((response) => judge(response, path, input, init, tries));
  window.fetch = function fetch(input, init) {
    const path = pathOf(input);
    if (!path) return native.apply(window, arguments);
    return isHeld(keyOf(path, init)) ? hold(init) : send(path, input, init, 0);
  };

  // WebSockets: a worker that all tabs share has them.
  const Native = window.SharedWorker;
  if (Native) window.SharedWorker = class SharedWorker extends Native {
    constructor(url, options) {
      super(url, options);
      if (String(url).includes("dash-ws-worker")) this.port.addEventListener("message", ({ data }) => {
        const { type, payload } = data || {};
        const said = type === "disconnected" ? payload && payload.reason
          : type === "callback_response" && payload && payload.status === "error" && payload.message;
        if (said === "Login required") showLogin(user ? "ended" : "login", "socket");
      });
    }
  };

  // A dcc.Link to a route of the login changes the address and loads nothing.
  addEventListener("_dashprivate_pushstate", (event) => {
    if (!leaving.includes(location.pathname)) return;
    event.stopImmediatePropagation();
    location.reload();
  });

  // Who is there: somebody who uses the page, and after a while somebody else.
  const ask = (method) => native.call(window, `${prefix}_dash-auth/touch`, { method, cache: "no-store" });
  const other = (response) => response.ok && response.headers.get("Dash-Auth-User") !== user;
  let last = Date.now(), timer = 0;
  const say = () => {
    timer = 0;
    last = Date.now();
    ask("POST").then((response) => {
      const word = response.headers.get("Dash-Auth");
      if (word === "login" || word === "ended") showLogin(word, "touch");
      else if (other(response)) location.reload();
    }, () => {});
  };
  if (touch && user) for (const kind of ["keydown", "pointerdown", "pointermove", "touchstart", "wheel"])
    addEventListener(kind, () => {
      if (timer || document.visibilityState !== "visible") return;
      timer = setTimeout(say, Math.max(0, last + touch * 1000 - Date.now()));
    }, { capture: true, passive: true });

  const page = document.documentElement;
  addEventListener("pagehide", (event) => {
    clearTimeout(timer);
    timer = 0;
    // Who goes back to it may be another user: it shows itself once that is known.
    if (event.persisted && user) page.style.visibility = "hidden";
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) ask("GET").then((response) => {
      if (!response.ok || other(response)) location.reload();
      else page.style.visibility = "";
    }, () => { if (user) location.reload(); });
  });
  document.addEventListener("visibilitychange", () => {
    if (user && document.visibilityState === "visible") ask("GET").then((response) => {
      if (response.headers.get("Dash-Auth-User") && other(response)) location.reload();
    }, () => {});
  });
})();
