// The manual of everything a rule may say, as `bongsu rules reference` prints it: both are made from the program itself.

import { useState } from "preact/hooks";
import { Wrong } from "../ask";
import { useLoaded } from "../live";
import { manual } from "../rule";
import { say, tongue } from "../words";

export function Reference() {
  const found = useLoaded(manual, []);
  const [wanted, setWanted] = useState("");
  const typed = wanted.trim().toLowerCase();
  const chapters = (found.value?.chapters ?? []).map((chapter) => ({
    ...chapter, entries: chapter.entries.filter((one) => `${one.call} ${one.meaning} ${chapter.title.join(" ")}`.toLowerCase().includes(typed)),
  })).filter((chapter) => chapter.entries.length > 0);
  return (
    <main id="main">
      <h1>{say("reference")}</h1>
      <p>{say("referenceText")}</p>
      {found.wrong && <Wrong wrong={found.wrong} />}
      <label class="search">{say("search")} <input type="search" value={wanted} onInput={(event) => setWanted(event.currentTarget.value)} /></label>
      {chapters.map((chapter) => (
        <section key={chapter.title[1]} aria-label={chapter.title[tongue === "ko" ? 0 : 1]}>
          <h2>{chapter.title[tongue === "ko" ? 0 : 1]}</h2>
          {chapter.entries.map((one) => (
            <article key={one.call} class="card word">
              <h3><code>{one.call}</code></h3>
              <p lang="en">{one.meaning}</p>
              {one.facts.length > 0 && <dl>{one.facts.map(([name, fact]) => <div key={name}><dt>{name.split(" · ")[tongue === "ko" ? 0 : 1]}</dt><dd lang="en">{fact}</dd></div>)}</dl>}
            </article>
          ))}
        </section>
      ))}
    </main>
  );
}
