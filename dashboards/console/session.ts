// Who is logged in. The server decides what each role may; here it only decides which buttons make sense.

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Me } from "./api";

export const Session = createContext<Me | null>(null);

const ORDER: Me["role"][] = ["viewer", "operator", "approver", "rule_author", "admin"];

/** Whether the one who is logged in may do what this role may. */
export function useMay(role: Me["role"]): boolean {
  const me = useContext(Session);
  if (!me) return false;
  // Who writes rules looks at incidents, and decides none.
  if (me.role === "rule_author") return role === "viewer" || role === "rule_author";
  return ORDER.indexOf(me.role) >= ORDER.indexOf(role);
}
