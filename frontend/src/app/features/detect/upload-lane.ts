/** Runs jobs in the order they came, no more than `most` at the same time. */
export class UploadLane {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly most: number) {}

  async run<Result>(job: () => Promise<Result>): Promise<Result> {
    if (this.running >= this.most) await new Promise<void>((go) => this.waiting.push(go));
    else this.running += 1;
    try {
      return await job();
    } finally {
      // The place is handed on, so that nobody who comes now slips in before.
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
    }
  }
}
