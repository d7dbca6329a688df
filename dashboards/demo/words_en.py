"""English of the demo: what fans, critics and haters of the invented agency write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

# fmt: off
RULES: Mapping[str, Sequence[str]] = {
    "post": (
        "{one}{end}", "{one}{end} {one2}{end}", "{lead} {one}{end}",
        "{lead} {one}{end} {one2}{end}", "{one2}{end} {one}{end}", "{short}",
    ),
    "short": (
        "{who} so pretty", "love you {who}", "{who} supremacy", "happy for {who}",
        "{who} my sunshine", "good night {who}", "miss {who}", "proud of {who}",
    ),
    "one": (
        "{who}'s {thing} {when} {was}",
        "{when} I played {song} for my {friend} and {reaction}",
        "{who} doing {stunt} in {song} {was}", "the way {who} {does} during {song} {hits}",
        "{num} hours later and I am still thinking about {who}'s {thing}",
        "{who} with {look} {hits}", "got my {who} {goods} {when}, {feel}",
        "anyone selling a {who} {goods} near {city}?",
        "flying to {city} to see {who}, {feel}", "{who} mentioned {food} again so {did}",
        "watching {who} {video} instead of {chore}, {feel}",
        "{song} has {num} layers and {who} nails every one, {feel}",
        "my {friend} thinks {who} {opinion}",
        "{who} {opinion} and the {thing} in {song} proves it",
        "that {part} of {song} where {who} {does} {was}",
        "I drew {who} with {look}, {feel}", "new {video} with {who} {when}, {feel}",
        "day {num} of learning the {song} choreo, {feel}",
        "{who} in {city} with {look} {was}", "trading {who} {goods} for {food}, {feel}",
        "just realised {who} {does} in every {video}",
        "ranking {who} {video} number {num} over {song}, {opinion2}",
    ),
    "one2": (
        "the {part} {was}", "{feel}", "{did}", "my {friend} says {opinion2}", "{opinion2}",
        "{song} on repeat since {city}", "also the {thing} {was}", "need that {goods} now",
        "who else is {chore2} with {song} on?", "counting {num} days until {city}",
        "somebody bring me {food}", "the {look} {hits}",
    ),
    "lead": (
        "ok but", "honestly", "hot take:", "so", "wait", "not me crying,", "reminder:",
        "hear me out,", "fyi", "update:", "lol", "real talk,", "no because",
    ),
    "when": (
        "last night", "this morning", "yesterday", "on Friday", "at the encore",
        "during rehearsal", "in the finale", "after midnight", "on the radio",
        "in the second week", "at soundcheck", "over lunch", "before class",
        "at the fansign", "back in March", "an hour ago", "this weekend", "on the train",
    ),
    "thing": (
        "vocals", "high note", "dance break", "ending fairy", "stage presence", "rap verse",
        "smile", "laugh", "ad-libs", "styling", "live singing", "eye contact", "vlog",
        "cover", "harmony", "facial expressions", "footwork", "Q&A", "diary entry",
        "producing", "freestyle", "english", "japanese", "jokes",
    ),
    "was": (
        "was unreal", "made me tear up", "deserves an award", "lives in my head",
        "was smoother than ever", "caught me off guard", "is criminally underrated",
        "was over far too soon", "healed something in me", "is the best thing this year",
        "gave me goosebumps", "had the whole room quiet", "was pure comfort",
        "beats the studio version", "should be studied", "made my week",
        "is all I can talk about", "woke up my neighbours", "was a bit shaky but charming",
        "turned me into a fan",
    ),
    "hits": (
        "hits different", "is so dear to me", "is my whole personality",
        "gets me every time", "feels like home", "is dangerous", "never gets old",
        "makes no sense", "is a cultural reset", "keeps me going", "deserves a museum",
        "ruined my sleep schedule",
    ),
    "does": (
        "winks", "holds the note", "laughs mid-line", "looks up at the balcony",
        "drops to the floor", "waves at the back row", "closes both eyes",
        "switches to falsetto", "fixes the mic", "counts the beat", "mouths the fanchant",
        "points at the camera",
    ),
    "stunt": (
        "a cartwheel", "the bridge acapella", "three spins", "the whisper part",
        "that key change", "a body roll", "a full split", "the drum solo", "a handstand",
    ),
    "look": (
        "short hair", "glasses", "a denim jacket", "blonde hair", "no makeup",
        "a red hoodie", "braids", "freckles", "the silver suit", "a bucket hat", "wet hair",
        "the school uniform", "rainbow nails",
    ),
    "goods": (
        "photocard", "lightstick", "album", "keyring", "poster", "plushie", "sweater",
        "calendar", "magazine", "postcard", "badge", "fan", "vinyl",
    ),
    "city": (
        "Manila", "Toronto", "Berlin", "Jakarta", "London", "Sao Paulo", "Seattle", "Paris",
        "Osaka", "Mexico City", "Sydney", "Bangkok", "Leeds", "Chicago", "Dubai", "Warsaw",
    ),
    "food": (
        "tteokbokki", "strawberry milk", "cold noodles", "fried chicken", "mint ice cream",
        "bagels", "hotteok", "iced coffee", "dumplings", "banana bread", "ramyeon",
        "tangerines", "waffles",
    ),
    "did": (
        "I ordered some too", "I walked to three shops", "my wallet is gone",
        "I told the whole office", "I set it as my lock screen", "I learnt the recipe",
        "I cancelled my plans", "I wrote a thread", "I made a playlist",
        "I am on episode nine", "I dragged my roommate along", "I called my mum",
    ),
    "video": (
        "fancam", "vlog", "dance practice", "live stream", "teaser", "interview",
        "variety clip", "behind the scenes", "relay dance", "cover video", "podcast",
        "unboxing",
    ),
    "chore": (
        "writing my thesis", "cleaning", "sleeping", "answering emails",
        "studying for finals", "packing", "cooking", "filing taxes", "doing laundry",
        "running errands",
    ),
    "chore2": (
        "studying", "driving", "baking", "jogging", "gaming", "knitting", "commuting",
        "painting", "procrastinating",
    ),
    "friend": (
        "sister", "dad", "roommate", "coworker", "teacher", "cousin", "neighbour",
        "boyfriend", "grandma", "best friend", "dentist", "little brother",
    ),
    "reaction": (
        "now there are two of us", "she asked for the name", "he pretended not to care",
        "they cried", "we danced in the kitchen", "the dog howled",
        "it was silent for a minute", "the whole car joined in", "he wants tickets",
        "she knew every word",
    ),
    "opinion": (
        "could sing the phone book", "is the funniest person alive",
        "should host a radio show", "improves every era", "is the calm one of the group",
        "was born for the stage", "needs a solo album", "carries the harmonies",
        "has the kindest eyes", "writes better than most poets", "looks like a painting",
        "works harder than anyone",
    ),
    "opinion2": (
        "no debate", "I said what I said", "fight me", "trust me on this",
        "but I could be biased", "and nobody talks about it", "the charts agree",
        "you had to be there", "I may be tired", "five stars", "best era so far",
        "I will not elaborate",
    ),
    "feel": (
        "I am not okay", "best day ever", "send help", "worth every cent",
        "crying in public", "so happy right now", "my heart is full", "I regret nothing",
        "still shaking", "I need a nap", "cannot stop smiling", "feeling lucky",
        "a bit jealous of the front row", "this fandom is sweet", "life is good",
        "no thoughts left",
    ),
    "part": (
        "bridge", "chorus", "intro", "last chorus", "pre-chorus", "second verse", "outro",
        "dance break", "key change", "hook",
    ),
    "num": (
        "2", "3", "4", "5", "6", "7", "8", "9", "11", "12", "14", "16", "19", "21", "25",
        "30", "42",
    ),
    "end": (
        "", "", "", "", ".", "!", "!!", " lol", " 😭", " 💙", " 🥹", "...", " ✨", " 🌙",
        " haha", " 🫶",
    ),
    "reply": (
        "so pretty", "same", "omg", "this!!", "congrats", "so true", "love this", "lmao",
        "agreed", "stunning", "need", "mood", "{opinion2}, {feel}{end}",
        "{feel}{end} {opinion2}", "the {part} {was}{end}",
        "my {friend} agrees, {opinion2}{end}", "where is this from?",
        "{lead} {opinion2}{end} {feel}", "is it {when} in {city}?", "{did}{end} {feel}",
        "{num} times {when}, {feel}", "the {thing} {was}{end}", "{lead} the {part} {was}",
    ),
    "quote": (
        "this {part} {was}, {feel}{end}", "{lead} {one}{end}",
        "look at the {part}{end} {feel}", "adding: {one2}{end}", "{num} replays in, {feel}",
    ),
    "chat": (
        "{food} for dinner in {city}{end} {feel}",
        "my {friend} is {chore} and I am {chore2}{end}",
        "{when} I lost my keys, {did}{end}",
        "rain in {city} all day, {chore2} instead{end}",
        "{chore2} until {num} tonight{end} {feel}",
        "{when} I paid for {food} in {city}{end} {did}",
    ),
    "hater": (
        "I don't like {who}'s voice{end}",
        "{who}'s {thing} does nothing for me{end} {opinion2}",
        "{song} is boring and {who} sounds bored too{end}",
        "unpopular opinion: {who}'s {thing} is average{end}",
        "never got the hype around {who}, the {part} of {song} is weak{end}",
        "{who} again on my timeline {when}, muting{end}",
        "the {look} does not suit {who}{end}",
        "{who}'s {video} was dull, gave up after {num} minutes{end}",
        "{who} fans are loud{end} the {thing} is fine at best",
    ),
    "official": (
        "{who} {song} {video} is out now. Watch it on our channel.",
        "[NOTICE] {who} in {city}: schedule and entry rules, please check the link.",
        "{who} {goods} pre-orders open on the {num}th. Details below.",
        "Meet {who} {when} in {city}! Thank you for waiting.",
        "[PHOTO] {who} with {look}, {num} shots from the set",
        "{song} {part} challenge with {who}. Join us!",
    ),
    "critic": (
        "{c1}{end} {c2}{end}", "{c1}, {c3}{end}", "{c2}{end} {c1}{end}",
        "{lead} {c1}{end} {c4}{end}", "{c3}{end} {c4}{end}", "{c4}{end} {c1}, {c2}{end}",
        "{c1}{end}",
    ),
    "c1": (
        "{price} for {seat} at a {who} show is {bad}",
        "the {who} ticket prices in {city} are {bad}",
        "paying {price} plus fees to sit in {seat} feels {bad}",
        "{who} tickets went up by {num}0 dollars since {since}",
        "Dalsup wants {price} for {seat}",
        "my {friend} and I would pay {price} each to see {who} once",
        "{price} before fees to see {who} from {seat}",
    ),
    "c2": (
        "please explain the pricing", "the presale crashed {num} times",
        "fans outside {city} have flights to pay too",
        "I blame the company and not the group", "{since} it was half of that",
        "I will skip this tour", "my {friend} gave up at checkout",
        "dynamic pricing is {bad}", "the service fee alone is {num} dollars",
        "students cannot afford this", "the refund rules are {bad}",
    ),
    "c3": (
        "love {who} but this is {bad}", "I have been a fan for {num} years and this is new",
        "even {seat} sells for more than {since}", "{city} got cheaper seats than us",
        "nobody asked for a bundle with a {goods}", "a {goods} does not justify it",
    ),
    "c4": (
        "wrote to support {when}, no answer", "other agencies manage with less",
        "listen to your fans", "the seat map is {bad} too",
        "I would rather buy {food} for a month", "restricted view at full price is {bad}",
        "we need a statement",
    ),
    "seat": (
        "the upper ring", "row 40", "a restricted view", "standing", "the VIP pit",
        "the side block", "the last row", "section 210",
    ),
    "price": (
        "$210", "$185", "$320", "$260", "$149", "$399", "$275", "$230",
    ),
    "bad": (
        "too much", "out of touch", "hard to defend", "wild", "a shame", "not fair",
        "disappointing", "beyond me", "steep", "tone-deaf",
    ),
    "since": (
        "the first tour", "last year", "the fan meeting", "two years ago",
        "the encore shows", "the debut showcase",
    ),
    "push": (
        "let's win this for {who} {cheer}", "{num} votes done {cheer}",
        "{who} deserve this trophy, {cheer}", "my {friend} is voting too {cheer}",
        "voting from {city} {cheer}", "{song} for the win {cheer}",
        "skipped {chore} to vote {cheer}",
    ),
    "cheer": (
        "keep going", "we can do it", "last push", "Vellings unite", "do not stop",
        "so close", "fighting", "let's go",
    ),
    "birthday": (
        "happy birthday {who}, {wish}{end}", "{who} day in {city}{end} {wish}",
        "baked {food} for {who}'s birthday, {wish}", "it is {who}'s birthday and {feel}",
        "thank you for being born {who}{end} {wish}",
        "playing {song} all day for {who}{end}",
    ),
    "wish": (
        "stay healthy", "see you on stage", "eat well", "shine on", "the world is yours",
        "another year together", "be happy", "rest a lot",
    ),
}
# fmt: on
