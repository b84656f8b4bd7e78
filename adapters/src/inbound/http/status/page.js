"use strict";

// Asks for the status every two seconds while somebody looks, and shows it. Whatever comes from the server is put in as
// text, never as markup: names, statements and failures may be anybody's words.

const EVERY = 2000;
const POINTS = 120;
const KEY = "portolan-token";

const at = (id) => document.getElementById(id);
const rates = [];
let last = null;
let timer = null;
let asking = false;

/** The token stays in this tab and is gone with it. */
const token = {
  get: () => sessionStorage.getItem(KEY),
  set: (text) => sessionStorage.setItem(KEY, text),
  forget: () => sessionStorage.removeItem(KEY),
};

/** Of a text that is longer, the beginning and the end are shown: names may be as long as their makers like. */
const LONGEST = 240;
const END = 60;

/**
 * What nobody can see, or what turns the letters beside it round, is shown as its number; of marks piled on one letter four are.
 * So no name hides a part of itself, and none reaches out of its place.
 */
function plain(words) {
  const text = String(words);
  const short = text.length > LONGEST ? `${text.slice(0, LONGEST - END)} … ${text.slice(-END)}` : text;
  return short
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu, (one) =>
      /[\t\n\r]/.test(one) ? one : `\\u{${one.codePointAt(0).toString(16)}}`,
    )
    .replace(/(\p{M}{4})\p{M}+/gu, "$1…");
}

function say(element, words) {
  const text = plain(words);
  // Screen readers tell each change of a live region, and only changes are to be told.
  if (element.textContent !== text) element.textContent = text;
}

function trouble(text) {
  say(at("trouble"), text);
  at("trouble").hidden = !text;
}

function milliseconds(time) {
  if (time == null) return "–";
  if (time >= 10000) return `${(time / 1000).toFixed(time >= 100000 ? 0 : 1)} s`;
  return `${time >= 100 ? Math.round(time) : Number(time.toPrecision(3))} ms`;
}

const percent = (share) => `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
const number = (value) => (value == null ? "–" : value.toLocaleString("en"));

async function ask(path, options = {}) {
  const headers = { ...options.headers };
  if (token.get()) headers.authorization = `Bearer ${token.get()}`;
  return fetch(path, { ...options, headers, cache: "no-store", credentials: "omit", redirect: "error" });
}

/** One row for each key, in order. Rows stay the same elements, so that the focus stays where it is. */
function rows(table, items, cells) {
  const body = at(table).tBodies[0];
  const titles = [...at(table).tHead.rows[0].cells].map((cell) => cell.textContent);
  const known = new Map([...body.rows].map((row) => [row.dataset.key, row]));
  let place = body.firstElementChild;
  for (const item of items) {
    const { key, values } = cells(item);
    let row = known.get(key);
    known.delete(key);
    if (!row) {
      row = document.createElement("tr");
      row.dataset.key = key;
      values.forEach((_, index) => {
        const cell = document.createElement("td");
        cell.dataset.label = titles[index];
        row.append(cell);
      });
    }
    values.forEach((value, index) => fill(row.cells[index], value));
    if (row === place) place = row.nextElementSibling;
    else body.insertBefore(row, place);
  }
  for (const row of known.values()) {
    const had = row.contains(document.activeElement);
    row.remove();
    // Whoever works by keyboard goes on from the table, not from the top of the page.
    if (had) at(table).parentElement.focus();
  }
  at(table).hidden = items.length === 0;
  at(`no-${table}`).hidden = items.length > 0;
}

function fill(cell, value) {
  if (value && value.button) {
    if (!cell.firstChild) cell.append(value.button());
    return;
  }
  const { text, kind } = typeof value === "object" && value ? value : { text: value };
  say(cell, text ?? "");
  cell.className = kind ?? "";
}

function test(connection) {
  if (connection.answers == null) return { text: "not yet" };
  if (connection.answers) return { text: milliseconds(connection.latencyMs), kind: "ok" };
  return { text: connection.failure, kind: "failed words" };
}

/** A name that somebody gave to something. */
const named = (text) => ({ text, kind: "words" });

function cancelButton(call) {
  return () => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Cancel";
    button.setAttribute("aria-label", plain(`Cancel call ${call.call} of ${call.principal}`));
    button.addEventListener("click", () => cancel(call.call, button));
    return button;
  };
}

async function cancel(call, button) {
  button.disabled = true;
  try {
    const answer = await ask("status/cancel", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ call }),
    });
    say(at("done"), answer.ok ? `Call ${call} was told to end.` : (await answer.text()).trim());
  } catch {
    say(at("done"), "The server could not be reached.");
  }
  button.disabled = false;
  await refresh();
}

/** What is of the whole server is told to those alone whose roles reach all of it. */
function tiles(status, now) {
  const { health, totals } = status;
  say(at("in-flight"), number(status.running.length));
  for (const one of document.querySelectorAll(".whole")) one.toggleAttribute("hidden", !totals);
  at("part").hidden = Boolean(totals);
  if (!totals) return;
  if (last) {
    const seconds = (now - last.now) / 1000;
    // After a restart of the server the count begins anew.
    const rate = Math.max(0, totals.calls - last.calls) / seconds;
    rates.push(rate);
    if (rates.length > POINTS) rates.shift();
    say(at("rate"), rate >= 10 ? Math.round(rate).toLocaleString("en") : rate.toFixed(1));
    chart();
  }
  last = { now, calls: totals.calls };
  const { calls, memory } = health;
  say(at("median"), calls.count ? milliseconds(calls.medianMs) : "–");
  say(at("p95"), calls.count ? milliseconds(calls.p95Ms) : "–");
  say(at("errors"), calls.count ? percent(calls.errorRate) : "–");
  const used = memory.residentMb == null ? "–" : `${number(memory.residentMb)} MB`;
  say(at("memory"), memory.limitMb == null ? used : `${used} of ${number(memory.limitMb)}`);
  rows("methods", health.methods, (one) => ({
    key: `${one.method} ${one.tool ?? ""}`,
    values: [one.tool ?? one.method, number(one.count), percent(one.errorRate), milliseconds(one.medianMs), milliseconds(one.p95Ms)],
  }));
}

function chart() {
  const most = Math.max(1, ...rates);
  const step = 240 / (POINTS - 1);
  const begin = 240 - (rates.length - 1) * step;
  const points = rates.map((rate, index) => `${(begin + index * step).toFixed(1)},${(38 - (rate / most) * 36).toFixed(1)}`);
  at("line").setAttribute("points", points.join(" "));
}

function show(status) {
  say(at("version"), status.server.version);
  const { health, caller } = status;
  at("badge").className = `badge ${health.status}`;
  say(at("badge"), health.status);
  say(at("reasons"), health.components.map((one) => one.reason).filter(Boolean).join(" "));
  at("who").hidden = false;
  const roles = caller.roles.length ? ` (${caller.roles.join(", ")})` : "";
  say(at("name"), `${caller.name}${roles}`);
  at("sign-out").hidden = !token.get();
  tiles(status, performance.now());
  rows("connections", health.connections, (one) => ({
    key: one.name,
    values: [
      named(one.name),
      one.engine,
      test(one),
      `${one.inUse} in use, ${one.idle} idle, ${one.max} at most`,
      number(one.waiting),
      { text: one.circuit.replace("_", " "), kind: one.circuit },
    ],
  }));
  rows("running", status.running, (call) => ({
    key: call.call,
    values: [
      call.call,
      named(call.principal),
      call.tool ?? call.method,
      named(call.connection),
      milliseconds(call.durationMs),
      { text: call.statement, kind: "statement" },
      { button: cancelButton(call) },
    ],
  }));
  rows("recent", status.recent, (call) => ({
    key: call.call,
    values: [
      new Date(call.time).toLocaleTimeString(),
      named(call.actsAs ? `${plain(call.principal)} as ${plain(call.actsAs)}` : call.principal),
      call.tool ?? call.method,
      named(call.connection),
      { text: call.outcome, kind: call.outcome === "ok" ? "ok" : "failed" },
      number(call.rows),
      milliseconds(call.durationMs),
      { text: call.statement, kind: "statement" },
    ],
  }));
  at("sign-in").hidden = true;
  at("content").hidden = false;
}

function signIn(why) {
  at("content").hidden = true;
  at("who").hidden = true;
  say(at("badge"), "signed out");
  at("badge").className = "badge";
  say(at("reasons"), "");
  const wasHidden = at("sign-in").hidden;
  at("sign-in").hidden = false;
  trouble(token.get() ? why : "");
  token.forget();
  if (wasHidden) at("token").focus();
}

/** Whether to go on asking. */
async function refresh() {
  if (asking) return true;
  asking = true;
  try {
    const answer = await ask("status");
    if (answer.status === 401 || answer.status === 400) {
      signIn((await answer.text()).trim());
      return false;
    }
    if (answer.ok) {
      show(await answer.json());
      trouble("");
    } else {
      trouble((await answer.text()).trim());
    }
  } catch {
    trouble("The server cannot be reached. What is shown is from before.");
    last = null;
  } finally {
    asking = false;
  }
  return true;
}

async function go() {
  clearTimeout(timer);
  if (document.visibilityState === "visible" && (await refresh())) timer = setTimeout(go, EVERY);
}

at("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  const given = at("token").value.trim();
  // A header takes no other characters, and neither does a token.
  if (!/^[\x21-\x7e]+$/.test(given)) return trouble("A token has no spaces and no letters with accents.");
  token.set(given);
  at("token").value = "";
  go();
});
at("sign-out").addEventListener("click", () => {
  token.forget();
  clearTimeout(timer);
  signIn("");
});
document.addEventListener("visibilitychange", go);
go();
