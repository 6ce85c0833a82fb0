"use strict";

// Mounts GraphiQL on the page's endpoint. A credential may come behind the address as
// #token=..., which browsers never send; it becomes a header and leaves the address bar.
(function () {
  const place = document.getElementById("graphiql");
  const token = new URLSearchParams(window.location.hash.slice(1)).get("token");
  if (token) {
    window.history.replaceState(null, "", window.location.pathname + window.location.search);
  }
  const headers = token ? JSON.stringify({ Authorization: "Bearer " + token }, null, 2) : undefined;
  const fetcher = window.GraphiQL.createFetcher({ url: place.dataset.endpoint });
  const page = window.React.createElement(window.GraphiQL, {
    fetcher: fetcher,
    headers: headers,
    shouldPersistHeaders: false,
    isHeadersEditorEnabled: true,
  });
  window.ReactDOM.createRoot(place).render(page);
})();
