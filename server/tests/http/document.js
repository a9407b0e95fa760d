// A document that keeps what a script puts into it. Runs the page's script (argument 1) in a language (argument 2), asks
// one question, answers it with standard input, and prints the result as HTML.
'use strict';
const fs = require('fs');
const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

class Node {
  constructor(name) { Object.assign(this, { name, children: [], attributes: {}, heard: {}, value: '', hidden: true }); }
  set textContent(text) { this.children = [String(text)]; }
  append(...nodes) { this.children.push(...nodes); }
  prepend(...nodes) { this.children.unshift(...nodes); }
  replaceChildren(...nodes) { this.children = nodes; }
  setAttribute(key, value) { this.attributes[key] = String(value); }
  addEventListener(type, listener) { this.heard[type] = listener; }
  focus() {}
  get html() {
    const attributes = Object.entries(this.attributes).map(([key, value]) => ` ${key}="${escape(value)}"`).join('');
    const inner = this.children.map((child) => typeof child === 'string' ? escape(child) : child.html).join('');
    return `<${this.name}${attributes}>${inner}</${this.name}>`;
  }
}

const known = {};
const page = {
  documentElement: {},
  createElement: (name) => new Node(name),
  getElementById: (id) => known[id] ??= new Node(id),
};
const body = JSON.parse(fs.readFileSync(0, 'utf8'));
const answer = async (path) => ({ ok: true, json: async () => path === 'query' ? body : { indexes: { faq: {} } } });
const script = fs.readFileSync(process.argv[2], 'utf8');
new Function('document', 'navigator', 'fetch', script)(page, { language: process.argv[3] }, answer);
page.getElementById('question').value = 'Why?';
page.getElementById('ask').heard.submit({ preventDefault() {} }).then(() => {
  if (known.state.className === 'error') throw new Error(known.state.html);
  process.stdout.write(known.result.html);
});
