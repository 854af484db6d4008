import { TestBed } from '@angular/core/testing';
import { ApiKey } from './api-key';
import { ServerStatus } from './server-status';

const HEALTHY = { status: 'healthy', services: {} };

describe('ServerStatus', () => {
  let answers: (() => Promise<Response>)[];
  let asked: number;
  let headers: Record<string, string>[];

  beforeEach(() => {
    vi.useFakeTimers();
    asked = 0;
    answers = [];
    headers = [];
    vi.stubGlobal('fetch', (_: string, options: { headers: Record<string, string> }) => {
      asked += 1;
      headers.push(options.headers);
      return (answers.shift() ?? (() => json(HEALTHY)))();
    });
  });

  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
    sessionStorage.clear();
  });

  it('is back only when the health report is', async () => {
    const server = TestBed.inject(ServerStatus);
    server.watch();
    await vi.advanceTimersByTimeAsync(1);
    expect(server.level()).toBe('healthy');
    server.lost();
    expect(server.isAway()).toBe(true);
    answers = [() => json({ code: 'upstream_unavailable' }, 502)];
    server.answered();
    await vi.advanceTimersByTimeAsync(1);
    expect(server.isAway()).toBe(true);
    expect(server.returned()).toBe(0);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(server.isAway()).toBe(false);
    expect(server.returned()).toBe(1);
  });

  it('shows an unhealthy server as one that is there', async () => {
    answers = [() => json({ status: 'unhealthy', services: { model: { status: 'down' } } }, 503)];
    const server = TestBed.inject(ServerStatus);
    server.watch();
    await vi.advanceTimersByTimeAsync(1);
    expect(server.level()).toBe('unhealthy');
    expect(server.isAway()).toBe(false);
  });

  it('asks seldom while all is well, and often while nothing answers', async () => {
    const server = TestBed.inject(ServerStatus);
    server.watch();
    await vi.advanceTimersByTimeAsync(14_000);
    expect(asked).toBe(1);
    answers = Array.from({ length: 3 }, () => () => Promise.reject(new TypeError('refused')));
    await vi.advanceTimersByTimeAsync(6_000);
    expect(asked).toBe(4);
    expect(server.isAway()).toBe(true);
  });

  it('asks again with another key, and has the pages load anew', async () => {
    const server = TestBed.inject(ServerStatus);
    const key = TestBed.inject(ApiKey);
    server.watch();
    await vi.advanceTimersByTimeAsync(1);
    key.use('sg_abcd1234_secret', false);
    server.keyChanged();
    await vi.advanceTimersByTimeAsync(1);
    expect(headers).toEqual([{}, { 'X-API-Key': 'sg_abcd1234_secret' }]);
    expect(server.returned()).toBe(1);
    expect(key.id()).toBe('abcd1234');
    key.forget();
    expect(key.id()).toBe('');
  });
});

function json(body: unknown, status = 200): Promise<Response> {
  return Promise.resolve(new Response(JSON.stringify(body), { status }));
}
