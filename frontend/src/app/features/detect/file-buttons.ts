import { ChangeDetectionStrategy, Component, output } from '@angular/core';
import { MatButtonModule } from '@angular/material/button';
import { mdiCameraOutline, mdiImagePlusOutline } from '@mdi/js';
import { Icon } from '../../shared/icon';

/** The ways to images that are not on the page yet. */
@Component({
  selector: 'sg-file-buttons',
  imports: [Icon, MatButtonModule],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <button mat-flat-button type="button" (click)="filesWanted.emit()">
      <span class="named"><sg-icon [path]="icons.add" />Add images</span>
    </button>
    <button mat-stroked-button class="camera" type="button" (click)="photoWanted.emit()">
      <span class="named"><sg-icon [path]="icons.camera" />Take a photo</span>
    </button>
  `,
  styles: `
    :host {
      display: inline-flex;
      flex-wrap: wrap;
      gap: 8px;
    }

    .named {
      display: inline-flex;
      align-items: center;
      gap: 8px;
      vertical-align: middle;
    }

    // A desktop has no camera that faces the street.
    .camera {
      display: none;
    }

    @media (pointer: coarse) {
      .camera {
        display: inline-flex;
      }
    }
  `,
})
export class FileButtons {
  readonly filesWanted = output<void>();
  readonly photoWanted = output<void>();
  protected readonly icons = { add: mdiImagePlusOutline, camera: mdiCameraOutline };
}
