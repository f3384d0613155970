// Where the reader is: the address, links that do not reload the page, and the focus after a change of page.

import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";

const walkers = new Set<() => void>();

export function go(path: string): void {
  if (path !== location.pathname + location.search) history.pushState(null, "", path);
  walkers.forEach((walker) => walker());
  // Who uses a screen reader hears the new page's heading; the page begins at its top.
  requestAnimationFrame(() => {
    const heading = document.querySelector<HTMLElement>("main h1");
    heading?.setAttribute("tabindex", "-1");
    heading?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  });
}

export function usePath(): string {
  const [path, set] = useState(location.pathname);
  useEffect(() => {
    const walk = (): void => set(location.pathname);
    walkers.add(walk);
    addEventListener("popstate", walk);
    return () => {
      walkers.delete(walk);
      removeEventListener("popstate", walk);
    };
  }, []);
  return path;
}

export interface LinkProps {
  to: string;
  class?: string;
  current?: boolean;
  children: ComponentChildren;
}

export function Link({ to, class: style, current, children }: LinkProps) {
  const click = (event: MouseEvent): void => {
    // Another tab or window is the browser's business.
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(to);
  };
  return <a href={to} class={style} aria-current={current ? "page" : undefined} onClick={click}>{children}</a>;
}
