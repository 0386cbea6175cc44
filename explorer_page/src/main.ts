// Starts the page, or says on it why it cannot start.

import { readFacts, Run } from "./facts";
import { fill } from "./dom";
import { faultOf, Page } from "./page";
import { VIEWS } from "./views";

const root = document.getElementById("page") as HTMLElement;
const tell = (error: unknown): void => root.prepend(faultOf(error));
addEventListener("error", (event) => tell(event.error ?? event.message));
addEventListener("unhandledrejection", (event) => tell(event.reason));
try {
  new Page(new Run(readFacts()), VIEWS, root).start();
} catch (error) {
  fill(root, faultOf(error));
}
