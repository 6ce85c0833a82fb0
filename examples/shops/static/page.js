"use strict";

const shop = document.body.dataset.shop;
const byId = (id) => document.getElementById(id);

function made(tag, text, ...children) {
  const node = document.createElement(tag);
  if (text !== undefined && text !== null) node.textContent = text;
  node.append(...children);
  return node;
}

async function act(what, given = {}) {
  const answer = await fetch(`/${shop}/do/${what}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(given),
  });
  const told = await answer.json();
  const said = answer.ok ? told.told : told.message;
  byId("told").textContent =
    `${what}: ${said === null ? "done" : typeof said === "object" ? JSON.stringify(said) : said}`;
  await refresh();
}

function button(text, what, given) {
  const node = made("button", text);
  node.type = "button";
  node.dataset.what = what;
  node.addEventListener("click", () => act(what, typeof given === "function" ? given() : given));
  return node;
}

function order(one, articles) {
  const node = made("article");
  node.id = `order-${one.id}`;
  node.className = one.cancelled ? "cancelled" : "";
  const back = one.refunded ? `, ${one.refunded} paid back` : "";
  node.append(made("strong", `${one.id} of ${one.email}: ${one.total} USD${back}`));
  const lines = made("ul");
  for (const line of one.lines) {
    const item = made("li", `${line.left} × ${line.sku} `);
    if (line.left && !one.cancelled) {
      item.append(button("refund one", "refund-line", { order: one.id, line: line.id }));
    }
    lines.append(item);
  }
  node.append(lines);
  if (one.cancelled) return node;
  for (const sku of Object.keys(articles)) {
    node.append(button(`add ${sku}`, "add", { order: one.id, article: sku }));
  }
  node.append(button("refund 2.00", "refund-amount", { order: one.id, amount: "2.00" }));
  node.append(button("cancel", "cancel", { order: one.id }));
  return node;
}

function list(lines) {
  const node = made("ul");
  for (const line of lines.length ? lines : ["none"]) node.append(made("li", line));
  return node;
}

function member(email, seen) {
  const node = made("article", null, made("strong", email));
  node.dataset.member = email;
  if (!seen.wallet) {
    node.append(made("p", "no member yet"));
    return node;
  }
  const points = [`${seen.wallet.balance} points, ${seen.wallet.available} to spend`];
  const tiers = (seen.tiers || []).map((one) => {
    const next = one.next ? `, ${one.next.anyOf.map((it) => `${it.missing} ${it.unit}`)} to ${one.next.name}` : "";
    return `${one.scheme}: ${one.name || "none"}${next}`;
  });
  const grants = seen.grants.map((one) => `${one.reward}: ${one.state} ${one.code || ""}`);
  node.append(list([...points, ...tiers, ...grants]));
  return node;
}

function connector(seen) {
  if (seen.message) return list([seen.message]);
  const counts = (of) => Object.entries(of).map(([name, count]) => `${count} ${name}`).join(", ");
  const lines = [
    `shop: ${seen.health.ok ? "answers" : "does not answer"} ${seen.health.detail}`,
    `inbox: ${counts(seen.messages)}`,
    `actions: ${counts(seen.actions)}`,
  ];
  if (seen.disabledFor) lines.push(`switched off: ${seen.disabledFor}`);
  if (seen.lastWalk) {
    const { missing, different, refused, drift } = seen.lastWalk;
    lines.push(`last walk: ${missing} missing, ${different} different, ${refused} refused`);
    lines.push(...drift.map((one) => `${one.kind}: ${one.what}`));
  }
  const failed = [...seen.inbox, ...seen.log].filter((one) => one.error);
  lines.push(...failed.map((one) => `${one.topic || one.about}: ${one.state} ${one.error}`));
  return list(lines);
}

function articles(given) {
  if (byId("articles").childElementCount) return;
  for (const [sku, price] of Object.entries(given)) {
    const box = made("input");
    Object.assign(box, { type: "checkbox", value: sku, checked: sku === "POT" });
    byId("articles").append(made("label", null, box, ` ${sku} ${price}`));
  }
}

let busy = false;

async function refresh() {
  if (busy) return;
  busy = true;
  try {
    const state = await (await fetch(`/${shop}/state`)).json();
    articles(state.articles);
    byId("mood").textContent =
      (state.down ? "the shop is down " : "") + (state.loses ? "the next webhook gets lost" : "");
    byId("orders").replaceChildren(...state.orders.map((one) => order(one, state.articles)));
    byId("shown").replaceChildren(
      ...Object.entries(state.shown).flatMap(([name, lines]) => [made("h4", name), list(lines)]),
    );
    byId("members").replaceChildren(
      ...Object.entries(state.members).map(([email, seen]) => member(email, seen)),
    );
    byId("connector").replaceChildren(connector(state.connector));
    byId("deliveries").replaceChildren(
      ...state.deliveries.map((one) =>
        made("tr", null, ...[one.number, one.at, one.topic, one.answer].map((it) => made("td", it))),
      ),
    );
  } finally {
    busy = false;
  }
}

const email = () => byId("email").value;
byId("buy").addEventListener("submit", (event) => {
  event.preventDefault();
  const chosen = [...document.querySelectorAll("#articles input:checked")].map((one) => one.value);
  act("place", { email: email(), articles: chosen });
});
byId("register").addEventListener("click", () => act("register", { email: email() }));
byId("redeem").addEventListener("click", () => act("redeem", { email: email() }));
byId("lose").addEventListener("click", () => act("lose"));
byId("down").addEventListener("click", () => act("down", { seconds: 30 }));
byId("up").addEventListener("click", () => act("up"));
byId("reconcile").addEventListener("click", () => act("reconcile"));
setInterval(refresh, 1500);
refresh();
