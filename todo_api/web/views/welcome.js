// For a visitor: log in, or register.

import { GATEWAY, Gateway, Refused, call, newKey } from "../api.js";
import { el, field, wrong } from "../dom.js";
import { text } from "../text.js";
import { decline, deviceZone } from "../zone.js";

const words = text.welcome;

/**
 * @param {{ notice?: string, username?: string, enter: (who: Session, account: Account) => Promise<void>, toast: App["toast"] }} about
 * @returns {View}
 */
export function create({ notice, username, enter, toast }) {
  const place = el("div");
  const node = el("section", { class: "welcome" },
    el("p", { class: "lead" }, words.about),
    notice && el("p", { class: "notice", role: "status" }, notice),
    place,
    el("p", { class: "quiet" }, words.links, " ", el("a", { href: "/api/v1" }, "/api/v1"), " · ", el("a", { href: "/docs" }, "/docs")));

  /** @type {Map<string, string>} */
  const keys = new Map();
  // Whoever registered, but never saw the answer, registers again without being told "taken".
  const keyOf = (/** @type {object} */ values) => {
    const about = JSON.stringify(values);
    return keys.get(about) ?? (keys.set(about, newKey()), keys.get(about) ?? "");
  };

  /**
   * Register in the time zone of this device, or in UTC if the server does not know that zone.
   * @param {Record<string, FormDataEntryValue>} values
   * @returns {Promise<string>} the zone that the server does not know, an empty text if there is none
   */
  async function register(values) {
    const zone = deviceZone();
    const send = (/** @type {object} */ body) => call("POST", "/api/v1/accounts", { body, headers: { "Idempotency-Key": keyOf(body) } });
    try {
      await send(zone ? { ...values, timezone: zone } : values);
      return "";
    } catch (error) {
      if (!(error instanceof Refused && error.errors.timezone)) throw error;
    }
    await send(values);
    decline(zone);
    return zone;
  }

  /** @param {boolean} isNew */
  function draw(isNew) {
    const message = el("p", { class: "error", role: "alert" });
    const input = (/** @type {string} */ name, /** @type {string} */ type, /** @type {string} */ autocomplete) =>
      el("input", { name, type, autocomplete, required: true, autocapitalize: "none", spellcheck: "false", dir: "auto" });
    const fields = [
      field(words.username, input("username", "text", "username"), isNew ? words.usernameHint : undefined),
      ...(isNew ? [field(words.email, input("email", "email", "email"))] : []),
      field(words.password, input("password", "password", isNew ? "new-password" : "current-password"), isNew ? words.passwordHint : undefined),
      ...(isNew ? [field(words.password2, input("password2", "password", "new-password"))] : []),
    ];
    const button = el("button", { class: "primary wide" }, isNew ? words.register : words.login);
    const form = el("form", { class: "card", novalidate: true, submit: send, "aria-labelledby": "welcome-title" },
      el("h2", { id: "welcome-title" }, isNew ? words.register : words.login),
      ...fields, message, button,
      el("button", { type: "button", class: "plain wide", click: () => draw(!isNew) }, isNew ? words.toLogin : words.toRegister));
    const old = place.querySelector("form");
    place.replaceChildren(form);
    const name = /** @type {HTMLInputElement} */ (form.elements.namedItem("username"));
    name.value = username ?? "";
    if (old) name.focus();

    /** @param {SubmitEvent} event */
    async function send(event) {
      event.preventDefault();
      const values = Object.fromEntries(new FormData(form));
      button.disabled = true;
      message.textContent = "";
      wrong(form, {});
      try {
        const unknown = isNew ? await register(values) : "";
        const { data } = await call("POST", "/api/v1/accounts/login", { body: { username: values.username, password: values.password } });
        await enter({ token: data.token, username: data.account.username }, data.account);
        if (unknown) toast(text.zone.unknown(unknown, data.account.timezone));
      } catch (error) {
        button.disabled = false;
        if (!(error instanceof Refused)) {
          message.textContent = words.unreachable;
          return;
        }
        const rest = wrong(form, error.errors);
        message.textContent = [error.message, ...rest].join(" ");
        if (error instanceof Gateway) message.append(" ", el("a", { href: GATEWAY }, text.gateway.go));
        if (!Object.keys(error.errors).length) name.focus();
      }
    }
  }

  draw(false);
  return { node, title: words.login };
}
