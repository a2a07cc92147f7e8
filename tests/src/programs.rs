//! Random Erlang modules: small well-formed functions over arithmetic, comparison, patterns, lists, maps, binaries,
//! funs, exceptions and messages.
//!
//! Invariants: a seed names a module once and for all; every module compiles; every program ends (a function calls
//! only functions before it, loops run over short lists) and prints the same on every correct machine (nothing
//! depends on time, identifiers or the order in which a map is walked). Errors are welcome: most programs raise some,
//! and the printed cases hold class, reason and stack trace.

/// What an expression is meant to yield. Now and then another kind is put in its place, for the errors.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Integer,
    Float,
    Atom,
    Boolean,
    List,
    Tuple,
    Map,
    Binary,
    Fun,
}

use Kind::{Atom, Binary, Boolean, Float, Fun, Integer, List, Map, Tuple};

const KINDS: [Kind; 9] = [Integer, Float, Atom, Boolean, List, Tuple, Map, Binary, Fun];
const ATOMS: [&str; 8] = ["a", "b", "ok", "error", "undefined", "'X y'", "key", "none"];
const INTEGERS: [&str; 16] = [
    "0",
    "1",
    "2",
    "-1",
    "3",
    "7",
    "10",
    "-17",
    "255",
    "256",
    "65536",
    "-134217729",
    "576460752303423487",
    "-576460752303423488",
    "9223372036854775808",
    "123456789012345678901234567890",
];
const FLOATS: [&str; 7] = ["0.5", "1.0", "-2.5", "3.25", "1.0e10", "1.0e-3", "1.0e200"];

/// The name of the module that [`source`] makes of a seed.
pub fn module_name(seed: u64) -> String {
    format!("random_program_{seed}")
}

/// The text of a module; [`module_name`] is its name. Its `main/0` runs its cases through `case_runner`.
pub fn source(seed: u64) -> String {
    let mut maker = Maker {
        random: Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5DEE_CE66),
        variables: Vec::new(),
        named: 0,
        arities: Vec::new(),
        result: Vec::new(),
    };
    let mut text = format!(
        "-module({}).\n-compile([export_all, nowarn_export_all]).\n\nmain() -> case_runner:main(?MODULE).\n\nid(X) -> X.\n\n",
        module_name(seed)
    );
    for number in 0..14 {
        text += &maker.function(number);
    }
    for number in 0..14 {
        for try_number in 0..4 {
            text += &maker.case(number, try_number);
        }
    }
    text
}

/// A splitmix64 generator.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

struct Maker {
    random: Random,
    /// Variables in scope. Names are never used twice in a function, so none is rebound or shadowed.
    variables: Vec<(String, Kind)>,
    named: usize,
    /// Kinds of the parameters of the functions made so far,
    arities: Vec<Vec<Kind>>,
    /// and of their results.
    result: Vec<Kind>,
}

impl Maker {
    fn function(&mut self, number: usize) -> String {
        self.named = 0;
        self.variables.clear();
        let count = 1 + self.random.below(3);
        let kinds: Vec<Kind> = (0..count).map(|_| self.any_kind()).collect();
        let result = self.any_kind();
        let mut text = String::new();
        if self.random.one_in(3) {
            // A first clause for some arguments only.
            let patterns: Vec<String> = kinds.iter().map(|kind| self.pattern(*kind, 1)).collect();
            let guard = self.guard();
            let body = self.body(result, 2);
            text += &format!("f{number}({}){guard} ->\n    {body};\n", patterns.join(", "));
            self.variables.clear();
        }
        let names: Vec<String> = kinds.iter().map(|kind| self.fresh(*kind)).collect();
        let body = self.body(result, 4);
        text += &format!("f{number}({}) ->\n    {body}.\n\n", names.join(", "));
        self.arities.push(kinds);
        self.result.push(result);
        text
    }

    fn case(&mut self, function: usize, number: usize) -> String {
        self.variables.clear();
        self.named = 0;
        let kinds = self.arities[function].clone();
        let arguments: Vec<String> = kinds.iter().map(|kind| format!("id({})", self.literal(*kind, 2))).collect();
        format!("c{function}_{number}() -> f{function}({}).\n", arguments.join(", "))
    }

    fn any_kind(&mut self) -> Kind {
        KINDS[self.random.below(KINDS.len())]
    }

    fn fresh(&mut self, kind: Kind) -> String {
        self.named += 1;
        let name = format!("V{}", self.named);
        self.variables.push((name.clone(), kind));
        name
    }

    /// Expressions in a row; what a match binds is in scope of the later ones.
    fn body(&mut self, kind: Kind, depth: usize) -> String {
        let scope = self.variables.len();
        let mut parts = Vec::new();
        for _ in 0..self.random.below(3) {
            let bound = self.any_kind();
            let value = self.expression(bound, depth.saturating_sub(1));
            let part = match self.random.below(10) {
                0 if self.random.one_in(2) => {
                    let pattern = self.pattern(bound, 1);
                    format!("{pattern} = {value}")
                }
                1 => format!("put({}, {value})", ATOMS[self.random.below(ATOMS.len())]),
                _ => format!("{} = {value}", self.fresh(bound)),
            };
            parts.push(part);
        }
        parts.push(self.expression(kind, depth));
        self.variables.truncate(scope);
        parts.join(",\n    ")
    }

    fn expression(&mut self, kind: Kind, depth: usize) -> String {
        let kind = if self.random.one_in(70) { self.any_kind() } else { kind };
        if depth == 0 || self.random.one_in(6) {
            return self.simple(kind);
        }
        let depth = depth - 1;
        match self.random.below(12) {
            0 => self.case_of(kind, depth),
            1 => self.try_catch(kind, depth),
            2 => self.if_else(kind, depth),
            3 if !self.arities.is_empty() => self.call(kind, depth),
            4 => self.through_fun(kind, depth),
            5 if self.random.one_in(2) => self.message(kind, depth),
            6 if self.random.one_in(6) => self.raising(depth),
            _ => self.operation(kind, depth),
        }
    }

    /// A variable of the kind, if there is one, or a literal.
    fn simple(&mut self, kind: Kind) -> String {
        let fitting: Vec<&str> =
            self.variables.iter().filter(|(_, k)| *k == kind).map(|(name, _)| name.as_str()).collect();
        if !fitting.is_empty() && !self.random.one_in(4) {
            return self.random.pick(&fitting).to_owned();
        }
        self.literal(kind, 1)
    }

    fn literal(&mut self, kind: Kind, depth: usize) -> String {
        let parts = |maker: &mut Maker, most: usize| -> Vec<String> {
            let count = if depth == 0 { 0 } else { maker.random.below(most + 1) };
            (0..count)
                .map(|_| {
                    let kind = maker.any_kind();
                    maker.literal(kind, depth - 1)
                })
                .collect()
        };
        match kind {
            Integer => INTEGERS[self.random.below(INTEGERS.len())].to_owned(),
            Float => FLOATS[self.random.below(FLOATS.len())].to_owned(),
            Atom => ATOMS[self.random.below(ATOMS.len())].to_owned(),
            Boolean => ["true", "false"][self.random.below(2)].to_owned(),
            List => format!("[{}]", parts(self, 4).join(", ")),
            Tuple => format!("{{{}}}", parts(self, 3).join(", ")),
            Map => {
                let values = parts(self, 3);
                let pairs: Vec<String> =
                    values.iter().enumerate().map(|(index, value)| format!("{} => {value}", ATOMS[index])).collect();
                format!("#{{{}}}", pairs.join(", "))
            }
            Binary => {
                ["<<>>", "<<1, 2, 3>>", "<<\"text\">>", "<<5:3>>", "<<300:16, 7>>"][self.random.below(5)].to_owned()
            }
            Fun => {
                self.named += 1;
                format!("fun(W{0}) -> {{w, W{0}}} end", self.named)
            }
        }
    }

    fn pattern(&mut self, kind: Kind, depth: usize) -> String {
        if depth == 0 || self.random.one_in(4) {
            return if self.random.one_in(5) { "_".to_owned() } else { self.fresh(kind) };
        }
        match kind {
            Integer if self.random.one_in(2) => INTEGERS[self.random.below(8)].to_owned(),
            Atom | Boolean if self.random.one_in(2) => ATOMS[self.random.below(ATOMS.len())].to_owned(),
            List => match self.random.below(3) {
                0 => "[]".to_owned(),
                1 => {
                    let (head, tail) = (self.any_kind(), List);
                    let head = self.pattern(head, depth - 1);
                    format!("[{head} | {}]", self.pattern(tail, depth - 1))
                }
                _ => {
                    let (a, b) = (self.any_kind(), self.any_kind());
                    let a = self.pattern(a, depth - 1);
                    format!("[{a}, {}]", self.pattern(b, depth - 1))
                }
            },
            Tuple => {
                let count = self.random.below(4);
                let parts: Vec<String> = (0..count)
                    .map(|_| {
                        let kind = self.any_kind();
                        self.pattern(kind, depth - 1)
                    })
                    .collect();
                format!("{{{}}}", parts.join(", "))
            }
            Map => {
                let key = ATOMS[self.random.below(3)];
                let kind = self.any_kind();
                format!("#{{{key} := {}}}", self.pattern(kind, depth - 1))
            }
            Binary => match self.random.below(4) {
                0 => {
                    let first = self.fresh(Integer);
                    format!("<<{first}, {}/binary>>", self.fresh(Binary))
                }
                1 => {
                    let first = self.fresh(Integer);
                    format!("<<{first}:3/signed, {}/bits>>", self.fresh(Binary))
                }
                2 => {
                    let first = self.fresh(Integer);
                    format!("<<{first}:16/little, _/bits>>")
                }
                _ => "<<>>".to_owned(),
            },
            _ => self.fresh(kind),
        }
    }

    /// Nothing, or ` when` and a test of variables in scope.
    fn guard(&mut self) -> String {
        if self.variables.is_empty() || self.random.one_in(2) {
            return String::new();
        }
        let mut test = self.guard_test();
        if self.random.one_in(3) {
            let joint = self.random.pick(&[", ", "; ", " andalso ", " orelse "]).to_owned();
            test += &joint;
            test += &self.guard_test();
        }
        format!(" when {test}")
    }

    fn guard_test(&mut self) -> String {
        let name = self.variables[self.random.below(self.variables.len())].0.clone();
        let other = self.variables[self.random.below(self.variables.len())].0.clone();
        match self.random.below(12) {
            0 => format!("is_integer({name})"),
            1 => format!("is_list({name})"),
            2 => format!("is_atom({name})"),
            3 => format!("length({name}) > 1"),
            4 => format!("{name} > {other}"),
            5 => format!("{name} =:= {other}"),
            6 => format!("{name} + 1 > {other}"),
            7 => format!("tuple_size({name}) =:= 2"),
            8 => format!("is_map_key(a, {name})"),
            9 => format!("byte_size({name}) < 4"),
            10 => format!("hd({name}) == {other}"),
            _ => format!("not is_function({name}, 1)"),
        }
    }

    fn case_of(&mut self, kind: Kind, depth: usize) -> String {
        let subject = self.any_kind();
        let value = self.expression(subject, depth);
        let mut clauses = Vec::new();
        for _ in 0..1 + self.random.below(3) {
            clauses.push(self.clause(subject, kind, depth, ""));
        }
        if !self.random.one_in(15) {
            clauses.push(format!("_ -> {}", self.expression(kind, depth)));
        }
        format!("case {value} of {} end", clauses.join("; "))
    }

    fn clause(&mut self, subject: Kind, kind: Kind, depth: usize, class: &str) -> String {
        let scope = self.variables.len();
        let pattern = self.pattern(subject, 2);
        let guard = self.guard();
        let body = self.body(kind, depth);
        self.variables.truncate(scope);
        format!("{class}{pattern}{guard} -> {body}")
    }

    fn try_catch(&mut self, kind: Kind, depth: usize) -> String {
        let body = self.body(kind, depth);
        match self.random.below(5) {
            0 => format!("(catch {})", self.expression(kind, depth)),
            1 => {
                let clause = self.clause(kind, kind, depth, "");
                let other =
                    if self.random.one_in(10) { String::new() } else { format!("; _ -> {}", self.simple(kind)) };
                let handler = self.expression(kind, depth);
                format!("try {body} of {clause}{other} catch _:_ -> {handler} end")
            }
            2 => {
                let cleanup = self.expression(Integer, depth);
                format!("try {body} after put(cleaned, {cleanup}) end")
            }
            3 => {
                let class = self.random.pick(&["error:", "throw:", "exit:", "_:"]).to_owned();
                let subject = self.any_kind();
                let clause = self.clause(subject, kind, depth, &class);
                format!("try {body} catch {clause} end")
            }
            _ => {
                self.named += 1;
                let name = format!("E{}", self.named);
                let handler = self.expression(kind, depth);
                format!("try {body} catch error:{name} -> put(caught, {name}), {handler} end")
            }
        }
    }

    fn if_else(&mut self, kind: Kind, depth: usize) -> String {
        let test = if self.variables.is_empty() { "true".to_owned() } else { self.guard_test() };
        let yes = self.expression(kind, depth);
        let no = self.expression(kind, depth);
        if self.random.one_in(30) {
            format!("if {test} -> {yes} end")
        } else {
            format!("if {test} -> {yes}; true -> {no} end")
        }
    }

    fn call(&mut self, kind: Kind, depth: usize) -> String {
        let fitting: Vec<usize> = (0..self.result.len()).filter(|n| self.result[*n] == kind).collect();
        let number = match fitting.as_slice() {
            [] => self.random.below(self.arities.len()),
            some => some[self.random.below(some.len())],
        };
        let kinds = self.arities[number].clone();
        let arguments: Vec<String> = kinds.iter().map(|kind| self.expression(*kind, depth)).collect();
        let arguments = arguments.join(", ");
        match self.random.below(6) {
            0 => format!("apply(?MODULE, f{number}, [{arguments}])"),
            1 => format!("(fun f{number}/{})({arguments})", kinds.len()),
            2 => format!("?MODULE:f{number}({arguments})"),
            _ => format!("f{number}({arguments})"),
        }
    }

    fn through_fun(&mut self, kind: Kind, depth: usize) -> String {
        let argument_kind = self.any_kind();
        let argument = self.expression(argument_kind, depth);
        let clause = {
            let scope = self.variables.len();
            let pattern = self.pattern(argument_kind, 1);
            let guard = self.guard();
            let body = self.body(kind, depth);
            self.variables.truncate(scope);
            let other = if self.random.one_in(10) { String::new() } else { format!("; (_) -> {}", self.simple(kind)) };
            format!("({pattern}){guard} -> {body}{other}")
        };
        format!("(id(fun{clause} end))({argument})")
    }

    fn message(&mut self, kind: Kind, depth: usize) -> String {
        let sent = self.any_kind();
        let value = self.expression(sent, depth);
        let clause = self.clause(sent, kind, depth, "");
        let late = self.expression(kind, depth);
        format!("begin self() ! {value}, receive {clause} after 0 -> {late} end end")
    }

    fn raising(&mut self, depth: usize) -> String {
        let kind = self.any_kind();
        let value = self.expression(kind, depth);
        let how = self.random.pick(&["error", "throw", "exit"]).to_owned();
        // Hidden from the compiler, which would drop what follows.
        format!("(id(fun erlang:{how}/1))({value})")
    }

    fn operation(&mut self, kind: Kind, depth: usize) -> String {
        let mut sub = |kind: Kind| self.expression(kind, depth);
        let (a, b) = match kind {
            Integer => (sub(Integer), sub(Integer)),
            Float => (sub(Float), sub(Integer)),
            Atom | Boolean => {
                let kind = self.any_kind();
                (self.expression(kind, depth), self.expression(kind, depth))
            }
            List => (sub(List), sub(List)),
            Tuple => (sub(Tuple), sub(List)),
            Map => (sub(Map), sub(Atom)),
            Binary => (sub(Binary), sub(Integer)),
            Fun => (sub(Integer), sub(Atom)),
        };
        match kind {
            Integer => match self.random.below(20) {
                0 => format!("({a} + {b})"),
                1 => format!("({a} - {b})"),
                2 => format!("({a} * {b})"),
                3 => format!("({a} div {b})"),
                4 => format!("({a} rem {b})"),
                5 => format!("({a} band {b})"),
                6 => format!("({a} bor {b})"),
                7 => format!("({a} bxor {b})"),
                8 => format!("({a} bsl ({b} band 15))"),
                9 => format!("({a} bsr ({b} band 63))"),
                10 => format!("-({a})"),
                11 => format!("abs({a})"),
                12 => format!("max({a}, {b})"),
                13 => format!("length({})", self.expression(List, depth)),
                14 => format!("tuple_size({})", self.expression(Tuple, depth)),
                15 => format!("byte_size({})", self.expression(Binary, depth)),
                16 => format!("map_size({})", self.expression(Map, depth)),
                17 => format!("trunc({})", self.expression(Float, depth)),
                18 => format!("erlang:phash2({})", self.expression(List, depth)),
                _ => format!("bnot ({a})"),
            },
            Float => match self.random.below(6) {
                0 => format!("({a} + {b})"),
                1 => format!("({a} * 0.5)"),
                2 => format!("({a} / {b})"),
                3 => format!("({a} - {b})"),
                4 => format!("float({b} rem 1000003)"),
                _ => format!("-({a})"),
            },
            Atom => match self.random.below(3) {
                0 => format!("element(1, {{{a}, {b}}})"),
                1 => format!("hd([ok, {b}])"),
                _ => format!(
                    "case {a} of {{_}} -> one; {{_, _}} -> two; [] -> nil; [_ | _] -> cons; <<_:8, _/bits>> -> byte; _ -> other end"
                ),
            },
            Boolean => match self.random.below(12) {
                0 => format!("({a} < {b})"),
                1 => format!("({a} == {b})"),
                2 => format!("({a} =:= {b})"),
                3 => format!("({a} >= {b})"),
                4 => format!("({a} /= {b})"),
                5 => format!("is_list({a})"),
                6 => format!("is_number({a})"),
                7 => format!("lists:member({a}, [{b}, a, 1])"),
                8 => format!("({} andalso {})", self.expression(Boolean, depth), self.expression(Boolean, depth)),
                9 => format!("({} or {})", self.expression(Boolean, depth), self.expression(Boolean, depth)),
                10 => format!("not {}", self.expression(Boolean, depth)),
                _ => format!("is_function({a}, 1)"),
            },
            List => match self.random.below(13) {
                0 => format!("({a} ++ {b})"),
                1 => format!("({a} -- {b})"),
                2 => format!("lists:reverse({a})"),
                3 => {
                    let head = self.any_kind();
                    format!("[{} | {a}]", self.expression(head, depth))
                }
                4 => self.comprehension(&a, depth),
                5 => format!("lists:sort({a})"),
                6 => format!("tuple_to_list({})", self.expression(Tuple, depth)),
                7 => format!("lists:seq(1, {} band 7)", self.expression(Integer, depth)),
                8 => format!("lists:sort(maps:to_list({}))", self.expression(Map, depth)),
                9 => format!("tl({a})"),
                10 => format!("integer_to_list({})", self.expression(Integer, depth)),
                11 => format!("lists:map({}, {a})", self.expression(Fun, depth)),
                _ => format!("lists:usort([{a}, {b}])"),
            },
            Tuple => match self.random.below(6) {
                0 => format!("{{{a}, {b}}}"),
                1 => format!("list_to_tuple({b})"),
                2 => format!("setelement(1, {a}, {b})"),
                3 => format!("erlang:append_element({a}, {b})"),
                4 => format!("{{get(a), {a}}}"),
                _ => format!("lists:split(1, {b})"),
            },
            Map => match self.random.below(7) {
                0 => format!("({a})#{{{b} => {}}}", self.simple(Integer)),
                1 => format!("({a})#{{a := {b}}}"),
                2 => format!("maps:put({b}, {}, {a})", self.simple(List)),
                3 => format!("maps:remove({b}, {a})"),
                4 => format!("maps:merge({a}, #{{{b} => 1}})"),
                5 => format!("maps:map(fun(_, X) -> {{X}} end, {a})"),
                _ => format!("#{{{b} => {a}, [{b}] => 2}}"),
            },
            Binary => match self.random.below(9) {
                0 => format!("<<({a})/bits, ({b}):8>>"),
                1 => format!("<<({b}):13/little, ({a})/bits>>"),
                2 => format!("<<({a})/binary, 1:1>>"),
                3 => format!("<<({}):32/float, ({b}):4>>", self.expression(Float, depth)),
                4 => format!("integer_to_binary({b})"),
                5 => format!("<< <<(X bxor 5):7>> || <<X:7>> <= {a} >>"),
                6 => format!("list_to_binary([{a}, ({b}) band 255])"),
                7 => format!("term_to_binary({b})"),
                _ => format!("binary:part({a}, 0, 1)"),
            },
            Fun => {
                let scope = self.variables.len();
                let parameter = self.any_kind();
                let name = self.fresh(parameter);
                let result = self.any_kind();
                let body = self.expression(result, depth);
                self.variables.truncate(scope);
                format!("fun({name}) -> {{{a}, {b}, {body}}} end")
            }
        }
    }

    fn comprehension(&mut self, list: &str, depth: usize) -> String {
        let scope = self.variables.len();
        let kind = self.any_kind();
        let name = self.fresh(kind);
        let filter = if self.random.one_in(2) { format!(", {}", self.guard_test()) } else { String::new() };
        let result = self.any_kind();
        let body = self.expression(result, depth);
        self.variables.truncate(scope);
        format!("[{body} || {name} <- {list}{filter}]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_names_one_program() {
        assert_eq!(source(5), source(5));
        assert_ne!(source(5), source(6));
    }

    #[test]
    fn a_program_has_functions_and_cases() {
        let text = source(1);
        assert!(text.contains("\nf13("), "{text}");
        assert!(text.contains("\nc13_3() -> f13("), "{text}");
    }
}
