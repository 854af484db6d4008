import { inject, Injectable, signal, Signal } from '@angular/core';
import { createParser } from 'eventsource-parser';
import { ApiKey } from './api-key';
import { apiRoot } from './api-root';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 10_000;

export interface ServerEvent {
  readonly type: string;
  readonly data: unknown;
}

/** An open subscription. `live` is false while it is being opened again. */
export interface Subscription {
  readonly live: Signal<boolean>;
  close(): void;
}

/** Server-sent events over fetch, as the browser's own EventSource cannot send a key. */
@Injectable({ providedIn: 'root' })
export class EventStreams {
  private readonly key = inject(ApiKey);

  /** Calls `receive` for each event until closed; opens again after each break. */
  open(path: string, receive: (event: ServerEvent) => void): Subscription {
    const live = signal(false);
    const control = new AbortController();
    void this.run(path, receive, live.set.bind(live), control.signal);
    return { live: live.asReadonly(), close: () => control.abort() };
  }

  private async run(
    path: string,
    receive: (event: ServerEvent) => void,
    setLive: (live: boolean) => void,
    signal: AbortSignal,
  ): Promise<void> {
    let pause = FIRST_PAUSE_MS;
    while (!signal.aborted) {
      try {
        const answer = await fetch(apiRoot() + path, { headers: this.headers(), signal });
        if (answer.ok && answer.body) {
          setLive(true);
          pause = FIRST_PAUSE_MS;
          await readEvents(answer.body, receive);
        } else if (answer.status === 401) {
          this.key.refuse();
        }
      } catch {
        // The connection broke: what follows opens another.
      }
      setLive(false);
      await sleep(pause, signal);
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    }
  }

  private headers(): Record<string, string> {
    const key = this.key.value();
    return { Accept: 'text/event-stream', ...(key ? { 'X-API-Key': key } : {}) };
  }
}

async function readEvents(
  body: ReadableStream<Uint8Array>,
  receive: (event: ServerEvent) => void,
): Promise<void> {
  const parser = createParser({
    onEvent: (event) =>
      receive({ type: event.event ?? 'message', data: JSON.parse(event.data) as unknown }),
  });
  const decoder = new TextDecoder();
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    parser.feed(decoder.decode(value, { stream: true }));
  }
}

function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
