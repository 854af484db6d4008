import { TestBed } from '@angular/core/testing';
import { ApiKey } from './api-key';
import { EventStreams, ServerEvent } from './event-stream';

describe('EventStreams', () => {
  let bodies: string[][];
  let headers: Record<string, string>[];

  beforeEach(() => {
    vi.useFakeTimers();
    bodies = [];
    headers = [];
    vi.stubGlobal('fetch', (_: string, options: { headers: Record<string, string> }) => {
      headers.push(options.headers);
      const parts = bodies.shift();
      return parts
        ? Promise.resolve(new Response(streamOf(parts)))
        : Promise.reject(new TypeError('refused'));
    });
  });

  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
    sessionStorage.clear();
  });

  it('joins events that were cut in two, and opens again after a break', async () => {
    bodies = [['event: re', 'set\ndata: {}\n\n'], ['event: tasks\ndata: {"tasks": []}\n\n']];
    const heard: ServerEvent[] = [];
    const stream = TestBed.inject(EventStreams).open('/tasks/events', (event) => heard.push(event));
    await vi.advanceTimersByTimeAsync(10);
    expect(heard).toEqual([{ type: 'reset', data: {} }]);
    expect(stream.live()).toBe(false);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(heard[1]).toEqual({ type: 'tasks', data: { tasks: [] } });
    stream.close();
  });

  it('waits longer and longer for a server that is away, and sends the key', async () => {
    TestBed.inject(ApiKey).use('k', false);
    const stream = TestBed.inject(EventStreams).open('/tasks/events', () => undefined);
    await vi.advanceTimersByTimeAsync(8_000);
    expect(headers.length).toBe(4); // after 0, 1, 3 and 7 seconds
    expect(headers[0]['X-API-Key']).toBe('k');
    stream.close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(headers.length).toBe(4);
  });

  it('asks for another key when the server does not take this one', async () => {
    vi.stubGlobal('fetch', () => Promise.resolve(new Response('{}', { status: 401 })));
    const key = TestBed.inject(ApiKey);
    const stream = TestBed.inject(EventStreams).open('/tasks/events', () => undefined);
    await vi.advanceTimersByTimeAsync(10);
    expect(key.wanted()).toBe(true);
    expect(stream.live()).toBe(false);
    stream.close();
  });
});

function streamOf(parts: string[]): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(encoder.encode(part));
      controller.close();
    },
  });
}
