import { MemoryStore } from "../../mod.ts";
import { testStore } from "./contract.ts";

testStore("MemoryStore", () => {
  const store = new MemoryStore();
  return Promise.resolve({
    open: () => store.open().then(() => store),
    dispose: () => Promise.resolve(),
  });
});
