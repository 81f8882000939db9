"use strict";

// The services to ask come from /config.json, so one build serves every environment.
const main = document.querySelector("main");
const list = document.querySelector("#services");
const route = document.querySelector("#route");

function showRoute() {
  route.textContent = location.pathname;
  for (const link of document.querySelectorAll("nav a")) {
    link.toggleAttribute("aria-current", link.pathname === location.pathname);
  }
}

async function ask(url) {
  const begin = performance.now();
  const response = await fetch(url, { cache: "no-store", signal: AbortSignal.timeout(5000) });
  const health = await response.json();
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return `${health.status} · ${health.version} · ${Math.round(performance.now() - begin)} ms`;
}

async function showService({ name, url }) {
  const item = document.createElement("li");
  const state = document.createElement("span");
  item.dataset.state = "asking";
  state.textContent = "asking …";
  item.append(name, state);
  list.append(item);
  try {
    state.textContent = await ask(`${url}/health`);
    item.dataset.state = "healthy";
  } catch (error) {
    state.textContent = `not reached (${error.message})`;
    item.dataset.state = "failed";
  }
}

async function start() {
  showRoute();
  try {
    const response = await fetch("/config.json", { cache: "no-cache" });
    const { environment, services } = await response.json();
    document.querySelector("#environment").textContent = environment;
    await Promise.all(services.map(showService));
  } catch (error) {
    list.textContent = `config.json cannot be read: ${error.message}`;
  }
  main.setAttribute("aria-busy", "false");
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("nav a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  history.pushState(null, "", link.href);
  showRoute();
});
addEventListener("popstate", showRoute);
start();
