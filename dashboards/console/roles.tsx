// What roles are called, what each may do as the server's table says, and the choice of one.

import { get, type Level, type Role } from "./api";
import { useLoaded } from "./live";
import { levelWord } from "./sign";
import { type Key, say, tongue } from "./words";

const ROLES: [Role, Key][] = [
  ["viewer", "viewer"], ["operator", "operator"], ["approver", "approver"], ["rule_author", "ruleAuthor"], ["admin", "admin"],
];

export const roleWord = (role: Role): string => say(ROLES.find(([known]) => known === role)?.[1] ?? "viewer");

interface RolesProps { value?: Role; change?: (role: Role) => void; label: string; besides?: Role }

export function Roles({ value, change, label, besides }: RolesProps) {
  return (
    <select name="role" value={value} aria-label={label} onChange={(event) => change?.(event.currentTarget.value as Role)}>
      {ROLES.filter(([role]) => role !== besides).map(([role, word]) => <option key={role} value={role}>{say(word)}</option>)}
    </select>
  );
}

/** What can be done, in words; one's own password is everybody's and not worth saying. */
const ABILITIES: Record<string, Key> = {
  look: "mayLook", handle: "mayHandle", silence: "maySilence", exercise: "mayExercise", report: "mayReport",
  decide: "mayDecide", rules: "mayRules", audit: "mayAudit", people: "mayPeople",
};

interface Allowed { role: Role; may: string[]; silences: Level }

const useRoles = (): Allowed[] => useLoaded(() => get<{ roles: Allowed[] }>("/roles"), []).value?.roles ?? [];

/** What a role may do and what it may not, in two sentences. */
function means({ may, silences }: Allowed): string {
  const most = silences === "emergency" ? "" : tongue === "ko" ? ` (${levelWord(silences)}까지)` : ` (up to ${levelWord(silences)})`;
  const told = (has: boolean): string => Object.entries(ABILITIES).filter(([ability]) => may.includes(ability) === has)
    .map(([ability, word]) => `${say(word)}${has && ability === "silence" ? most : ""}`).join(", ");
  const not = told(false);
  return `${say("roleMay")}: ${told(true)}.${not && ` ${say("roleMayNot")}: ${not}.`}`;
}

/** What one role means, or each. */
export function RolesMean({ only }: { only?: Role }) {
  return (
    <dl class="means">{useRoles().filter(({ role }) => only === undefined || role === only).map((one) => (
      <div key={one.role}><dt>{roleWord(one.role)}</dt><dd>{means(one)}</dd></div>
    ))}</dl>
  );
}

/** Who may do something, for those who may not. */
export function OnlyThese({ ability }: { ability: string }) {
  const roles = useRoles().filter(({ may }) => may.includes(ability));
  return roles.length === 0 ? null : <p class="mut">{say("onlyThese")} {roles.map(({ role }) => roleWord(role)).join(", ")}</p>;
}
