/** A page that may hold what would be lost. */
export interface LeavablePage {
  /** Asks the person when something would be lost. */
  canLeave(): boolean | Promise<boolean>;
}

/** Route guard: the page itself knows whether it may be left. */
export function mayLeave(page: LeavablePage): boolean | Promise<boolean> {
  return page.canLeave();
}
