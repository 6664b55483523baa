// Asks the search of a built site, as its page does: node search.cjs SITE QUERY... prints the pages of each query, best first.
const fs = require("node:fs")
const path = require("node:path")
const vm = require("node:vm")

const [site, ...queries] = process.argv.slice(2)
const page = vm.createContext({
  document: { addEventListener() {}, getElementById: () => null },
  addEventListener() {},
  DOCUMENTATION_OPTIONS: {},
  SPHINX_HIGHLIGHT_ENABLED: false,
  _ready() {},
  _: (text) => text,
  queries,
})
page.window = page
for (const file of ["_static/searchtools.js", "_static/language_data.js", "searchindex.js"])
  vm.runInContext(fs.readFileSync(path.join(site, file), "utf8"), page, file)
const found = vm.runInContext(
  "queries.map((query) => Search._performSearch(...Search._parseQuery(query)).reverse().map((row) => row[0]))",
  page,
)
console.log(JSON.stringify(found))
