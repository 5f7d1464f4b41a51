// What an open dashboard does when its login ends. It acts on the header Dash-Auth alone, on Dash's
// own requests, and hands on every Response as it came.
(() => {
  "use strict";
  const script = document.currentScript, native = window.fetch;
  if (!script || !native) return;
  const { prefix, login, own, user, touch, banner, lang } = script.dataset;
  const shows = banner === "true", texts = JSON.parse(lang);
  const text = texts[navigator.language.slice(0, 2)] || Object.values(texts)[0];
  const loginUrl = (more = "") =>
    `${login}?next=${encodeURIComponent(location.pathname + location.search)}${more}${location.hash}`;

  // The banner: one at a time. A note never takes the place of what asks for a login.
  const css = `:host{all:initial;position:fixed;inset:0 0 auto;z-index:2147483647;--b:#7f4bc4;--c:#fff;--t:#1f2a44;--h:#dfe4ee;--l:var(--b)}
@media (prefers-color-scheme:dark){:host{--c:#1b2030;--t:#e8ebf2;--h:#2c3347;--l:#b99af0}}
div{box-sizing:border-box;display:flex;align-items:center;justify-content:center;gap:16px;min-height:48px;padding:4px 16px;background:var(--c);color:var(--t);border-top:4px solid var(--b);border-bottom:1px solid var(--h);font:600 14px/20px "Open Sans","Helvetica Neue",system-ui,sans-serif}
button{height:32px;padding:0 12px;border:0;border-radius:4px;background:var(--b);color:#fff;font:inherit;cursor:pointer}
.x{background:none;color:inherit}:focus-visible{outline:2px solid var(--l);outline-offset:2px}
@media (forced-colors:active){div,button{border:1px solid}}`;
  let bar, quiet = 0;
  const hide = () => {
    if (bar) bar.host.remove();
    bar = null;
  };
  const button = (line, label, act) => {
    const one = document.createElement("button");
    one.append(label);
    one.onclick = act;
    line.append(one);
    return one;
  };
  const show = (said, key, action) => {
    const isRecent = said === text.recent;
    // That is asked for by what the user does just now.
    if (!shows || (Date.now() < quiet && !isRecent) || (bar && (bar.action || bar.said === said))) return;
    hide();
    const host = document.createElement("dash-auth-banner"), line = document.createElement("div");
    const root = host.attachShadow({ mode: "open" });
    try {
      // A sheet that is made here needs no leave of a Content-Security-Policy.
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
      root.adoptedStyleSheets = [sheet];
    } catch (_) {
      root.appendChild(document.createElement("style")).append(css);
    }
    line.setAttribute("role", "alert");
    line.append(said);
    if (action) button(line, action, () => location.assign(loginUrl(isRecent ? "&again=1" : "")));
    const close = button(line, "×", () => {
      if (action && !isRecent) quiet = Date.now() + 60000;
      hide();
    });
    close.className = "x";
    close.setAttribute("aria-label", text.close);
    root.append(line);
    document.body.prepend(host);
    bar = { host, said, key, action };
  };
  const asksForLogin = (word, key) => {
    if (!["login", "ended", "recent"].includes(word)) return false;
    show(text[word], key, word === "login" ? text.in : text.again);
    return true;
  };

  // Dash's requests
  const dash = ["_dash-update-component", "_dash-layout", "_dash-dependencies", "_reload-hash"];
  const isOfDash = (input) => {
    try {
      const { origin, pathname } = new URL(input.url || input, location.href);
      return origin === location.origin && dash.some((name) => pathname === prefix + name);
    } catch (_) {
      return false;
    }
  };
  const keyOf = (input, init) =>
    (/^{"output":"((?:[^"\\]|\\.)*)"/.exec(init && init.body) || ["", String(input)])[1];
  const isRouter = (key) => key.includes("_pages_content.children");
  const wait = (signal, ms) => new Promise((go, fail) => {
    const timer = ms && setTimeout(go, ms);
    const stop = () => {
      clearTimeout(timer);
      fail(signal.reason);
    };
    if (signal && signal.aborted) stop();
    else if (signal) signal.addEventListener("abort", stop);
  });

  // Basic: each further request would open the browser's dialog anew.
  const refused = new Set();
  let held = 0, routed = false;
  const isHeld = (key) => !isRouter(key) && (user ? refused.size > 0 : refused.has(key));
  const hold = (signal) => {
    if (held >= 20) return Promise.reject(new TypeError(text.login));
    held += 1;
    return wait(signal).finally(() => { held -= 1; });
  };

  const judge = (response, input, init, tries) => {
    const { headers } = response, word = headers.get("Dash-Auth");
    if (!word && !bar && routed) return response;
    const key = keyOf(input, init), seconds = Number(headers.get("Retry-After") || 1);
    if (!word) {
      routed = routed || isRouter(key);
      if (bar && (!bar.action || bar.key === key)) hide();
    } else if (word === "throttled") {
      show(text.throttled.replace("%", seconds), key);
    } else if (word === "busy" && shows) {
      show(text.busy, key);
      const isWhole = !input.url && (!init || !init.body || typeof init.body === "string");
      if (tries < 3 && isWhole)
        return wait(init && init.signal, (Math.min(seconds, 30) + Math.random()) * 1000)
          .then(() => send(input, init, tries + 1));
    } else if (word !== "busy") {
      const isBasic = /\bbasic\b/i.test(headers.get("WWW-Authenticate"));
      // Only from a page that was there: else a login that leads back here went round and round.
      if (word !== "forbidden" && isRouter(key) && routed && !isBasic) {
        location.replace(loginUrl(word === "recent" ? "&again=1" : ""));
        return new Promise(() => {});
      }
      if (asksForLogin(word, key) && isBasic && shows) refused.add(key);
    }
    return response;
  };
  const send = (input, init, tries) =>
    native.call(window, input, init).then((response) => judge(response, input, init, tries));
  window.fetch = function fetch(input, init) {
    if (!isOfDash(input)) return native.apply(window, arguments);
    if (refused.size && isHeld(keyOf(input, init))) return hold(init && init.signal);
    return send(input, init, 0);
  };

  // WebSockets: a worker that all tabs share has them.
  const Shared = window.SharedWorker;
  if (Shared) window.SharedWorker = class SharedWorker extends Shared {
    constructor(url, options) {
      super(url, options);
      if (/dash-ws-worker/.test(url)) this.port.addEventListener("message", ({ data }) => {
        const { reason, status, message } = (data && data.payload) || {};
        const said = [reason, status === "error" && message];
        if (said.includes("Login required")) asksForLogin(user ? "ended" : "login", "");
        if (said.includes("Log in again to do this")) asksForLogin("recent", "");
      });
    }
  };

  // A dcc.Link to a route of the login changes the address and loads nothing.
  addEventListener("_dashprivate_pushstate", (event) => {
    if (![login, ...own.split(" ")].includes(location.pathname)) return;
    event.stopImmediatePropagation();
    location.reload();
  });

  // Who is there: somebody who uses the page, and after a while somebody else.
  const ask = (method) => native.call(window, `${prefix}_dash-auth/touch`, { method, cache: "no-store" });
  const named = (response) => response.headers.get("Dash-Auth-User");
  let last = Date.now(), timer = 0;
  const say = () => {
    timer = 0;
    last = Date.now();
    ask("POST").then((response) => {
      if (!asksForLogin(response.headers.get("Dash-Auth"), "") && response.ok && named(response) !== user)
        location.reload();
    }, () => {});
  };
  if (touch && user) for (const kind of ["keydown", "pointerdown", "pointermove", "touchstart", "wheel"])
    addEventListener(kind, () => {
      if (!timer && document.visibilityState === "visible")
        timer = setTimeout(say, Math.max(0, last + touch * 1000 - Date.now()));
    }, { capture: true, passive: true });

  const { style } = document.documentElement;
  addEventListener("pagehide", ({ persisted }) => {
    clearTimeout(timer);
    timer = 0;
    // Another user may go back to it: it shows itself once it knows who is there.
    if (persisted && user) style.visibility = "hidden";
  });
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) ask("GET").then((response) => {
      if (!response.ok || named(response) !== user) location.reload();
      else style.visibility = "";
    }, () => { if (user) location.reload(); });
  });
  document.addEventListener("visibilitychange", () => {
    if (user && document.visibilityState === "visible") ask("GET").then((response) => {
      if (named(response) && named(response) !== user) location.reload();
    }, () => {});
  });
})();
