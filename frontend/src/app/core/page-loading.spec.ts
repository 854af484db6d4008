import { ChangeDetectionStrategy, Component, inject } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import {
  provideRouter,
  Router,
  withNavigationErrorHandler,
  withRouterConfig,
} from '@angular/router';
import { PageLoading } from './page-loading';
import { ServerStatus } from './server-status';

@Component({ template: 'Monitor', changeDetection: ChangeDetectionStrategy.OnPush })
class Page {}

const HEALTHY = { status: 'healthy', services: {} };

describe('PageLoading', () => {
  let isAway: boolean;

  beforeEach(() => {
    isAway = true;
    vi.useFakeTimers();
    vi.stubGlobal('fetch', () =>
      isAway
        ? Promise.reject(new TypeError('Failed to fetch'))
        : Promise.resolve(new Response(JSON.stringify(HEALTHY))),
    );
    TestBed.configureTestingModule({
      providers: [
        provideRouter(
          [
            {
              path: 'monitor',
              loadComponent: () =>
                isAway
                  ? Promise.reject(new TypeError('Failed to fetch dynamically imported module: x'))
                  : Promise.resolve(Page),
            },
          ],
          withRouterConfig({ resolveNavigationPromiseOnError: true }),
          withNavigationErrorHandler((error) => void inject(PageLoading).failed(error)),
        ),
      ],
    });
  });

  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('opens the page that could not be loaded when the server is back', async () => {
    const router = TestBed.inject(Router);
    const server = TestBed.inject(ServerStatus);
    await router.navigateByUrl('/monitor');
    await vi.advanceTimersByTimeAsync(1);
    expect(server.isAway()).toBe(true);
    expect(router.url).toBe('/');
    isAway = false;
    await vi.advanceTimersByTimeAsync(5_000);
    TestBed.tick();
    await vi.advanceTimersByTimeAsync(1);
    expect(router.url).toBe('/monitor');
  });
});
