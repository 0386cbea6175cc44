// The views in the order of their tabs. A view is one file; nothing else lists its name.

import type { View } from "../page";
import { curves } from "./curves";
import { flips } from "./flips";
import { hubs } from "./hubs";
import { items } from "./items";
import { live } from "./live";
import { matrix } from "./matrix";
import { neighbourhood } from "./neighbourhood";

export const VIEWS: View[] = [matrix, items, flips, hubs, neighbourhood, curves, live];
