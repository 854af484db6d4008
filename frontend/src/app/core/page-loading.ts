import { effect, inject, Injectable, Injector, untracked } from '@angular/core';
import { NavigationError, Router } from '@angular/router';
import { apiRoot } from './api-root';
import { ServerStatus } from './server-status';

/**
 * What to do when the code of a page cannot be had: each page is loaded when it is first opened.
 *
 * With the server away, the page opens when it is back. With the server there, its files are
 * those of a newer version, and only a new document knows their names.
 */
@Injectable({ providedIn: 'root' })
export class PageLoading {
  private readonly injector = inject(Injector);
  private readonly server = inject(ServerStatus);
  private wanted: string | null = null;

  constructor() {
    effect(() => {
      this.server.returned();
      untracked(() => this.openWanted());
    });
  }

  async failed({ error, url }: NavigationError): Promise<void> {
    if (!isMissingCode(error)) return console.error(error);
    if (await this.isServerThere()) this.openAnew(url);
    else {
      this.wanted = url;
      this.server.lost();
    }
  }

  /** A new document, but not over and over: the first page of one has nothing older to blame. */
  private openAnew(url: string): void {
    if (this.router().navigated) location.assign(this.address(url));
  }

  private address(url: string): string {
    return new URL(url.replace(/^\//, ''), document.baseURI).href;
  }

  private openWanted(): void {
    const url = this.wanted;
    this.wanted = null;
    if (url !== null) void this.router().navigateByUrl(url);
  }

  private async isServerThere(): Promise<boolean> {
    try {
      const answer = await fetch(`${apiRoot()}/health/live`, { cache: 'no-store' });
      return answer.ok;
    } catch {
      return false;
    }
  }

  // Asked for late: the router is made with this class at hand.
  private router(): Router {
    return this.injector.get(Router);
  }
}

/** As Chromium, Firefox and Safari say it. */
function isMissingCode(error: unknown): boolean {
  return (
    error instanceof TypeError &&
    /dynamically imported module|importing a module script failed/i.test(error.message)
  );
}
