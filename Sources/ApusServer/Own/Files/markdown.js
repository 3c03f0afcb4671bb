// Markdown as DOM nodes. Texts become text nodes, never HTML, so a model cannot write markup of its own.

const make = (tag, properties = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
};

/** Shows `text` in `target`; blocks that have not changed since the last call stay as they are. */
export function render(target, text) {
  const blocks = split(text);
  blocks.forEach((source, index) => {
    const there = target.children[index];
    if (there?.source === source) return;
    const node = block(source);
    node.source = source;
    there ? there.replaceWith(node) : target.append(node);
  });
  while (target.children.length > blocks.length) target.lastChild.remove();
}

/** The sources of a text's blocks: fenced code is one, other blocks end with an empty line. */
function split(text) {
  const blocks = [];
  let lines = [], fence = null;
  const end = () => { if (lines.length) blocks.push(lines.join("\n")); lines = []; };
  for (const line of text.split("\n")) {
    const mark = line.match(/^ {0,3}(`{3,}|~{3,})/)?.[1];
    if (fence) {
      lines.push(line);
      if (mark && mark[0] === fence[0] && mark.length >= fence.length && !line.trim().slice(mark.length)) {
        fence = null;
        end();
      }
    } else if (mark) {
      end();
      fence = mark;
      lines = [line];
    } else if (/^#{1,6} /.test(line) || /^ {0,3}([-*_])( *\1){2,} *$/.test(line)) {
      end();
      lines = [line];
      end();
    } else if (!line.trim()) end();
    else lines.push(line);
  }
  end();
  return blocks;
}

function block(source) {
  const lines = source.split("\n");
  const fence = lines[0].match(/^ {0,3}(`{3,}|~{3,})\s*([^\s`]*)/);
  if (fence) return code(lines.slice(1).filter((line, index, all) => index < all.length - 1 || !line.trim().startsWith(fence[1])), fence[2]);
  const heading = lines[0].match(/^(#{1,6}) (.*)/);
  if (heading) return inline(make("h" + Math.min(6, heading[1].length + 2)), heading[2]);
  if (/^ {0,3}([-*_])( *\1){2,} *$/.test(source)) return make("hr");
  if (lines.every(line => line.startsWith(">"))) {
    const quote = make("blockquote");
    render(quote, lines.map(line => line.replace(/^> ?/, "")).join("\n"));
    return quote;
  }
  if (item.test(lines[0])) return list(lines);
  if (lines.length > 1 && lines[0].includes("|") && /^[\s|:-]+$/.test(lines[1]) && lines[1].includes("-")) return table(lines);
  return inline(make("p"), source);
}

function code(lines, language) {
  const text = lines.join("\n");
  const copy = make("button", { type: "button", className: "copy", textContent: "Copy" });
  copy.onclick = async () => {
    await navigator.clipboard.writeText(text);
    copy.textContent = "Copied";
    setTimeout(() => { copy.textContent = "Copy"; }, 1500);
  };
  const label = language ? `Code, ${language}` : "Code";
  const node = make("pre", { tabIndex: 0 }, copy, make("code", { textContent: text }));
  node.setAttribute("role", "region");
  node.setAttribute("aria-label", label);
  return node;
}

const item = /^(\s*)([-*+]|\d{1,9}[.)])\s+/;

function list(lines) {
  const first = lines[0].match(item);
  const depth = first[1].length;
  const root = make(/\d/.test(first[2]) ? "ol" : "ul");
  if (root.tagName === "OL") root.start = parseInt(first[2], 10);
  let inner = [];
  const close = () => {
    if (inner.length && root.lastChild) root.lastChild.append(item.test(inner[0]) ? list(inner) : inline(make("span"), " " + inner.join(" ")));
    inner = [];
  };
  for (const line of lines) {
    const match = line.match(item);
    if (match && match[1].length <= depth) {
      close();
      root.append(inline(make("li"), line.slice(match[0].length)));
    } else inner.push(line);
  }
  close();
  return root;
}

function table(lines) {
  const cells = line => line.trim().replace(/^\||\|$/g, "").split("|").map(cell => cell.trim());
  const row = (line, tag) => make("tr", {}, ...cells(line).map(cell => inline(make(tag), cell)));
  return make("table", {}, make("thead", {}, row(lines[0], "th")), make("tbody", {}, ...lines.slice(2).map(line => row(line, "td"))));
}

const spans = /(`+)([^]*?[^`])\1(?!`)|\*\*([^*\n]+)\*\*|__([^_\n]+)__|\*([^*\s][^*\n]*)\*|\b_([^_\s][^_\n]*)_\b|~~([^~\n]+)~~|\[([^\]\n]+)\]\(([^()\s]+)\)/;

/** Adds the text with emphasis, code and links to `node`. */
function inline(node, text) {
  while (text) {
    const match = text.match(spans);
    if (!match) break;
    node.append(text.slice(0, match.index));
    const [all, , code, strong, strong2, soft, soft2, gone, label, link] = match;
    if (code !== undefined) node.append(make("code", { textContent: code.trim() || code }));
    else if (strong ?? strong2) node.append(inline(make("strong"), strong ?? strong2));
    else if (soft ?? soft2) node.append(inline(make("em"), soft ?? soft2));
    else if (gone) node.append(inline(make("s"), gone));
    else if (/^(https?:|mailto:)/.test(link)) node.append(inline(make("a", { href: link, target: "_blank", rel: "noopener noreferrer" }), label));
    else node.append(all);
    text = text.slice(match.index + all.length);
  }
  node.append(text);
  return node;
}
