import { HttpErrorResponse, HttpInterceptorFn } from '@angular/common/http';
import { inject } from '@angular/core';
import { tap } from 'rxjs';
import { ApiKey } from './api-key';
import { apiRoot } from './api-root';
import { ServerStatus } from './server-status';

/** Gives the API its key, and learns from each answer whether the server is there. */
export const apiInterceptor: HttpInterceptorFn = (request, next) => {
  if (!request.url.startsWith(apiRoot())) return next(request);
  const key = inject(ApiKey);
  const server = inject(ServerStatus);
  const value = key.value();
  const sent = value ? request.clone({ setHeaders: { 'X-API-Key': value } }) : request;
  return next(sent).pipe(
    tap({
      next: () => server.answered(),
      error: (error: HttpErrorResponse) => {
        if (error.status === 401) key.refuse();
        if (NO_SERVER.has(error.status)) server.lost();
        else server.answered();
      },
    }),
  );
};

// No answer at all, or only from the proxy in front of the server.
const NO_SERVER = new Set([0, 502]);
