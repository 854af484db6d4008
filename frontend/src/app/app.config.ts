import { provideHttpClient, withInterceptors } from '@angular/common/http';
import {
  ApplicationConfig,
  inject,
  provideAppInitializer,
  provideBrowserGlobalErrorListeners,
  provideZonelessChangeDetection,
} from '@angular/core';
import {
  provideRouter,
  TitleStrategy,
  withComponentInputBinding,
  withNavigationErrorHandler,
  withRouterConfig,
} from '@angular/router';
import { ApiConfiguration } from './api/api-configuration';
import { routes } from './app.routes';
import { apiInterceptor } from './core/api.interceptor';
import { apiRoot } from './core/api-root';
import { PageLoading } from './core/page-loading';
import { PageTitle } from './core/page-title';

export const appConfig: ApplicationConfig = {
  providers: [
    provideBrowserGlobalErrorListeners(),
    provideZonelessChangeDetection(),
    provideRouter(
      routes,
      withComponentInputBinding(),
      withNavigationErrorHandler((error) => void inject(PageLoading).failed(error)),
      // A step back that a page refuses leaves the browser's history as it was.
      withRouterConfig({
        canceledNavigationResolution: 'computed',
        // What PageLoading was told of is no error of the one who clicked.
        resolveNavigationPromiseOnError: true,
      }),
    ),
    provideHttpClient(withInterceptors([apiInterceptor])),
    { provide: TitleStrategy, useClass: PageTitle },
    provideAppInitializer(() => {
      inject(ApiConfiguration).rootUrl = apiRoot();
    }),
  ],
};
