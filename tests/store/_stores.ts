/** Stores that do what a test wants. */

import { MemoryStore, StoreError } from "../../mod.ts";
import type { Batch, StoreProblem } from "../../mod.ts";

/** A store that writes when it is allowed to. */
export class GatedStore extends MemoryStore {
  #gate: PromiseWithResolvers<void> | undefined;
  #arrived = Promise.withResolvers<void>();

  /** From now on commits wait. */
  shut(): void {
    this.#gate = Promise.withResolvers();
    this.#arrived = Promise.withResolvers();
  }

  /** Resolves when a commit waits. */
  get waiting(): Promise<void> {
    return this.#arrived.promise;
  }

  /** Lets the commits that wait pass, and all later ones. */
  pass(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
  }

  override async commit(batch: Batch): Promise<void> {
    if (this.#gate !== undefined) {
      this.#arrived.resolve();
      await this.#gate.promise;
    }
    await super.commit(batch);
  }
}

/** A store that fails when it is told to. */
export class FailingStore extends MemoryStore {
  /** What is wrong with it. */
  problem: StoreProblem | undefined;

  override commit(batch: Batch): Promise<void> {
    if (this.problem === undefined) return super.commit(batch);
    return Promise.reject(new StoreError(this.problem, "It does not work"));
  }
}
