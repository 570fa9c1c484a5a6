// The live view: countdowns by the server's clock, and a look at what changed every few seconds.

const root = document.querySelector("[data-dashboard]");
const LONGEST_PAUSE = 30_000;

if (root) {
    const content = root.querySelector("[data-content]");
    const announcer = root.querySelector("[data-announce]");
    const offline = root.querySelector("[data-offline]");
    const signedOut = root.querySelector("[data-signed-out]");

    // The server's time, carried on by a clock that nobody can set.
    let serverNow = 0;
    let takenAt = 0;
    let failures = 0;
    let timer = null;
    let looking = false;

    const fragment = () => content.querySelector("[data-fragment]");
    const isDone = () => fragment().dataset.done === "true";

    const readClock = () => {
        serverNow = Number(fragment().dataset.now);
        takenAt = performance.now();
    };

    // “1 d 2 h 3 min”, “2 h 03 min 04 s”, “4 s”: from the first unit that is not zero, three at most.
    const distance = (milliseconds, units) => {
        const whole = Math.floor(Math.abs(milliseconds) / 1000);
        const parts = [Math.floor(whole / 86400), Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60, whole % 60];
        const found = parts.findIndex((part) => part > 0);
        const first = found < 0 ? parts.length - 1 : found;
        return parts
            .map((part, index) => `${index > first ? String(part).padStart(2, "0") : part}\u00a0${units[index]}`)
            .slice(first, first + 3)
            .join(" ");
    };

    const tick = () => {
        const now = serverNow + performance.now() - takenAt;
        for (const element of content.querySelectorAll("[data-countdown]")) {
            const text = distance(Number(element.dataset.countdown) - now, element.dataset.units.split(" "));
            if (element.textContent !== text) element.textContent = text;
        }
    };

    const announce = () => {
        const summary = content.querySelector("[data-summary]").textContent;
        if (announcer.textContent !== summary) announcer.textContent = summary;
    };

    // What a reader is at stays where it is: focus by id or address, tables by how far they were scrolled.
    const sameAs = (element) =>
        element.id
            ? document.getElementById(element.id)
            : [...content.querySelectorAll("a[href]")].find((link) => link.getAttribute("href") === element.getAttribute("href"));

    const put = (html) => {
        const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("[data-fragment]");
        if (!fresh) throw new Error("no fragment in the answer");
        const focused = content.contains(document.activeElement) ? document.activeElement : null;
        const scrolled = [...content.querySelectorAll(".scroll[id]")].map((element) => [element.id, element.scrollLeft]);
        content.replaceChildren(fresh);
        for (const [id, left] of scrolled) document.getElementById(id)?.scrollTo(left, 0);
        if (focused) sameAs(focused)?.focus({ preventScroll: true });
    };

    const look = async () => {
        timer = null;
        if (document.hidden || looking) return; // goes on when the page is seen again
        looking = true;
        try {
            const answer = await fetch(root.dataset.dashboard, { cache: "no-store", redirect: "manual" });
            if (answer.type === "opaqueredirect" || answer.status === 403) {
                signedOut.hidden = false;
                return;
            }
            if (!answer.ok) throw new Error(`status ${answer.status}`);
            put(await answer.text());
            failures = 0;
            readClock();
            tick();
            announce();
        } catch {
            failures += 1;
        } finally {
            looking = false;
        }
        offline.hidden = failures === 0;
        plan();
    };

    const plan = () => {
        if (timer !== null || isDone()) return;
        const pause = Number(fragment().dataset.seconds) * 1000;
        timer = setTimeout(look, Math.min(pause * 2 ** Math.min(failures, 4), LONGEST_PAUSE));
    };

    document.addEventListener("visibilitychange", () => {
        if (!document.hidden && timer === null && signedOut.hidden && !isDone()) look();
    });

    readClock();
    tick();
    plan();
    setInterval(tick, 1000);
}
