import { ChangeDetectionStrategy, Component } from '@angular/core';
import { RouterLink } from '@angular/router';

@Component({
  selector: 'sg-not-found-page',
  imports: [RouterLink],
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: { class: 'page' },
  template: `
    <div class="page-head"><h1>There is no such page</h1></div>
    <p>The address may be mistyped, or from another version. <a routerLink="/detect">Detect</a></p>
  `,
})
export class NotFoundPage {}
