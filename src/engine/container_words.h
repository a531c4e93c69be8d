/* SPDX-License-Identifier: Apache-2.0 */
/* Of what names are made that nobody chose: how it is, and what one meets on a walk. */
#ifndef BIVY_ENGINE_CONTAINER_WORDS_H
#define BIVY_ENGINE_CONTAINER_WORDS_H

static const char *const container_adjectives[] = {
	"able", "agile", "airy", "alert", "alpine", "ample", "amber", "apt", "arctic", "autumn", "awake", "azure", "balmy",
	"basic", "blithe", "blooming", "bold", "brave", "breezy", "bright", "brisk", "bronze", "calm", "candid", "careful",
	"cheery", "civil", "clean", "clear", "clever", "coastal", "cool", "copper", "coral", "cosy", "crisp", "curious",
	"dapper", "daring", "dawning", "deep", "deft", "dewy", "eager", "early", "earnest", "easy", "elder", "elegant",
	"equal", "even", "fair", "fancy", "fast", "fearless", "fine", "firm", "fleet", "fluent", "fond", "frank", "free",
	"fresh", "frosty", "gallant", "gentle", "glad", "gleaming", "golden", "good", "graceful", "grand", "grateful",
	"green", "happy", "hardy", "hearty", "helpful", "hidden", "honest", "humble", "icy", "ideal", "inland", "jolly",
	"jovial", "keen", "kind", "lasting", "level", "light", "lively", "lofty", "loyal", "lucid", "lucky", "lunar",
	"mellow", "merry", "mighty", "mild", "misty", "modest", "mossy", "neat", "nimble", "noble", "northern", "open",
	"orderly", "patient", "placid", "plain",
};

static const char *const container_nouns[] = {
	"acorn", "alder", "antler", "ash", "aspen", "aurora", "avalanche", "badger", "basin", "bay", "beacon", "beaver",
	"beech", "birch", "bison", "bluff", "boulder", "brook", "cairn", "camp", "canyon", "cape", "cedar", "chalet",
	"chamois", "cirque", "cliff", "cloud", "clover", "col", "condor", "cove", "crag", "crane", "creek", "crest", "crow",
	"cypress", "dale", "delta", "dune", "eagle", "elk", "elm", "falcon", "fen", "fern", "finch", "fir", "fjord",
	"forest", "fox", "gale", "geyser", "glacier", "glade", "glen", "gorge", "grotto", "grove", "gull", "harbour",
	"hare", "harrier", "hawk", "hazel", "heath", "heron", "hollow", "hut", "ibex", "inlet", "island", "jay", "juniper",
	"kestrel", "lagoon", "lake", "larch", "lark", "ledge", "lichen", "lodge", "lynx", "magpie", "maple", "marmot",
	"marsh", "marten", "meadow", "mesa", "moor", "moose", "moss", "oak", "orchid", "osprey", "otter", "owl", "pass",
	"path", "peak", "pine", "plover", "pond", "poplar", "quail", "quarry", "raven", "reef", "ridge", "river", "robin",
	"rowan", "saddle", "shelter", "slope", "snowfield", "spring", "spruce",
};

#endif
