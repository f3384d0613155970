// Texts of rules that wait for a second person, and those that wait for whoever is logged in.

import { createContext } from "preact";
import { get, type Texts } from "./api";
import type { Submission } from "./rule";

export interface Review extends Pick<Submission, "id" | "author" | "time" | "reason" | "outdated" | "text" | "changes"> {
  rule: string;
  /** Empty: the rule is new. */
  title: Texts;
  for_you: boolean;
}

export const reviews = (): Promise<{ reviews: Review[] }> => get("/reviews");

/** Those that wait for the one who is logged in. */
export const Reviews = createContext<Review[]>([]);
