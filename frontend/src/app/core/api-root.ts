/** Where the API is: beside the UI's own folder, also under a prefix (`/ui/` -> `/api`). */
export function apiRoot(): string {
  return new URL('../api', document.baseURI).pathname;
}

/** The absolute address of an API path, for links and for curl. */
export function apiUrl(path: string): string {
  return new URL(`${apiRoot()}${path}`, document.baseURI).href;
}
