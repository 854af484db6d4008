import { ClientLinks } from '../../api/models/client-links';

export interface PlatformLink {
  readonly name: string;
  readonly url: string;
}

/** Where the other pages of the platform are; those that are not set are left out. */
export function platformLinks(links: ClientLinks, base: string): PlatformLink[] {
  const found: readonly [string, string | null][] = [
    ['Grafana', links.grafana],
    ['Prometheus', links.prometheus],
    ['MLflow', links.mlflow],
    ['API docs', links.docs && besideUi(links.docs, base)],
  ];
  return found.flatMap(([name, url]) => (url ? [{ name, url }] : []));
}

/** `/docs` of the server, which may itself be under a prefix: the UI is in a folder beside it. */
function besideUi(path: string, base: string): string {
  return new URL(path.startsWith('/') ? `..${path}` : path, base).href;
}
