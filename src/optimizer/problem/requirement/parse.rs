//! From the text of a requirement to what it says.

use std::ops::Range;

use super::expression::{Expression, Function, Operator};
use super::{Relation, Requirement, RequirementError};

/// How many parentheses, signs and powers may be nested.
const DEEPEST: usize = 50;

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Number(f64),
    Name(String),
    Sign(Operator),
    Compare(Relation),
    Open,
    Close,
    Comma,
    End,
}

/// Reads a requirement of any length.
pub(super) fn parse(text: &str) -> Result<Requirement, RequirementError> {
    let mut reader = Reader { tokens: tokens(text)?, next: 0, depth: 0 };
    let first = reader.sum()?;
    let mut rest = Vec::new();
    while let Token::Compare(relation) = *reader.peek() {
        reader.next += 1;
        rest.push((relation, reader.sum()?));
    }
    let (token, at) = reader.current();
    if token != Token::End {
        return Err(unexpected(&token, at, text));
    }
    if rest.is_empty() {
        let help = "compare it with something, for example: width * batch_size <= 200000";
        return Err(error(0..text.len(), "a requirement compares two sides by `<=`, `<`, `>=`, `>` or `==`", help));
    }
    let requirement = Requirement { first, rest };
    if requirement.parameters().is_empty() {
        return Err(error(
            0..text.len(),
            "a requirement names at least one parameter",
            "name a parameter of the space",
        ));
    }
    Ok(requirement)
}

fn error(at: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> RequirementError {
    RequirementError { at, message: message.into(), help: help.into() }
}

fn unexpected(token: &Token, at: Range<usize>, text: &str) -> RequirementError {
    let found = text.get(at.clone()).unwrap_or_default();
    match token {
        Token::End => error(at, "a number, a parameter or `(` is missing at the end", "finish the expression"),
        Token::Name(word) if matches!(word.as_str(), "and" | "or" | "not") => {
            let help = "write a requirement of its own for each; all of them hold together";
            error(at, format!("`{word}` does not belong here"), help)
        }
        Token::Number(_) | Token::Name(_) | Token::Open => {
            error(at, format!("an operator is missing before `{found}`"), "for a product write `*`")
        }
        _ => {
            let help = "there are + - * / % ^, parentheses, and abs, sqrt, exp, log, log2, log10, min, max";
            error(at, format!("`{found}` does not belong here"), help)
        }
    }
}

fn tokens(text: &str) -> Result<Vec<(Token, Range<usize>)>, RequirementError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let (token, length) = if c.is_ascii_digit() || c == '.' {
            number(&text[at..], at)?
        } else if c.is_alphabetic() || c == '_' {
            let rest = &text[at..];
            let length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
            (Token::Name(rest[..length].to_owned()), length)
        } else {
            sign(&text[at..], c, at)?
        };
        tokens.push((token, at..at + length));
        at += length;
    }
    tokens.push((Token::End, text.len()..text.len()));
    Ok(tokens)
}

/// A number such as `200_000`, `.5` or `1e-3`, and how many bytes it has.
fn number(text: &str, at: usize) -> Result<(Token, usize), RequirementError> {
    let mut length = 0;
    let mut before = ' ';
    for c in text.chars() {
        let belongs =
            c.is_alphanumeric() || matches!(c, '.' | '_') || (matches!(c, '+' | '-') && matches!(before, 'e' | 'E'));
        if !belongs {
            break;
        }
        length += c.len_utf8();
        before = c;
    }
    let written = &text[..length];
    let digits_around = |i: usize| {
        let is_digit = |b: Option<&u8>| b.is_some_and(u8::is_ascii_digit);
        i > 0 && is_digit(written.as_bytes().get(i - 1)) && is_digit(written.as_bytes().get(i + 1))
    };
    let spaced = written.match_indices('_').all(|(i, _)| digits_around(i));
    let plain: String = written.chars().filter(|c| *c != '_').collect();
    match plain.parse::<f64>() {
        Ok(number)
            if spaced && number.is_finite() && plain.chars().all(|c| c.is_ascii_digit() || "eE.+-".contains(c)) =>
        {
            Ok((Token::Number(number), length))
        }
        _ => {
            let help = "numbers are written such as 200000, 200_000, 0.5 or 1e-3; for a product write `*`";
            Err(error(at..at + length, format!("`{written}` is no number"), help))
        }
    }
}

fn sign(rest: &str, c: char, at: usize) -> Result<(Token, usize), RequirementError> {
    let doubled = |second: char| rest[c.len_utf8()..].starts_with(second);
    Ok(match c {
        '*' if doubled('*') => (Token::Sign(Operator::Power), 2),
        '+' => (Token::Sign(Operator::Add), 1),
        '-' => (Token::Sign(Operator::Subtract), 1),
        '*' => (Token::Sign(Operator::Multiply), 1),
        '/' if doubled('/') => {
            let help = "write `/`, or `%` for the remainder of a division";
            return Err(error(at..at + 2, "there is no `//`", help));
        }
        '/' => (Token::Sign(Operator::Divide), 1),
        '%' => (Token::Sign(Operator::Remainder), 1),
        '^' => (Token::Sign(Operator::Power), 1),
        '<' if doubled('=') => (Token::Compare(Relation::AtMost), 2),
        '>' if doubled('=') => (Token::Compare(Relation::AtLeast), 2),
        '=' if doubled('=') => (Token::Compare(Relation::Equal), 2),
        '<' => (Token::Compare(Relation::Below), 1),
        '>' => (Token::Compare(Relation::Above), 1),
        '\u{2264}' => (Token::Compare(Relation::AtMost), c.len_utf8()),
        '\u{2265}' => (Token::Compare(Relation::AtLeast), c.len_utf8()),
        '=' => return Err(error(at..at + 1, "`=` compares nothing", "write `==` for equal, or `<=`, `>=`")),
        '!' if doubled('=') => {
            return Err(error(
                at..at + 2,
                "there is no `!=`",
                "write a [[forbid]] with the value that it must not have",
            ));
        }
        '(' => (Token::Open, 1),
        ')' => (Token::Close, 1),
        ',' => (Token::Comma, 1),
        '&' | '|' => {
            let help = "write a requirement of its own for each; all of them hold together";
            let length = if doubled(c) { 2 } else { 1 };
            return Err(error(at..at + length, format!("`{c}` does not belong here"), help));
        }
        _ => {
            let help = "there are + - * / % ^, parentheses, and abs, sqrt, exp, log, log2, log10, min, max";
            return Err(error(at..at + c.len_utf8(), format!("`{}` does not belong here", c.escape_debug()), help));
        }
    })
}

struct Reader {
    tokens: Vec<(Token, Range<usize>)>,
    next: usize,
    depth: usize,
}

impl Reader {
    fn peek(&self) -> &Token {
        // The last one is `End`, which nobody passes.
        self.tokens.get(self.next).map_or(&Token::End, |(token, _)| token)
    }

    fn current(&self) -> (Token, Range<usize>) {
        self.tokens.get(self.next).cloned().unwrap_or((Token::End, 0..0))
    }

    fn sum(&mut self) -> Result<Expression, RequirementError> {
        let mut left = self.product()?;
        while let Token::Sign(operator @ (Operator::Add | Operator::Subtract)) = *self.peek() {
            self.next += 1;
            left = Expression::Binary(operator, Box::new(left), Box::new(self.product()?));
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Expression, RequirementError> {
        let mut left = self.signed()?;
        while let Token::Sign(operator @ (Operator::Multiply | Operator::Divide | Operator::Remainder)) = *self.peek() {
            self.next += 1;
            left = Expression::Binary(operator, Box::new(left), Box::new(self.signed()?));
        }
        Ok(left)
    }

    /// A sign binds less than a power behind it: -x^2 is -(x^2).
    fn signed(&mut self) -> Result<Expression, RequirementError> {
        self.deeper(|reader| match *reader.peek() {
            Token::Sign(Operator::Subtract) => {
                reader.next += 1;
                Ok(Expression::Negative(Box::new(reader.signed()?)))
            }
            Token::Sign(Operator::Add) => {
                reader.next += 1;
                reader.signed()
            }
            _ => reader.power(),
        })
    }

    fn power(&mut self) -> Result<Expression, RequirementError> {
        let base = self.atom()?;
        if *self.peek() != Token::Sign(Operator::Power) {
            return Ok(base);
        }
        self.next += 1;
        Ok(Expression::Binary(Operator::Power, Box::new(base), Box::new(self.signed()?)))
    }

    fn atom(&mut self) -> Result<Expression, RequirementError> {
        let (token, at) = self.current();
        self.next += 1;
        match token {
            Token::Number(number) => Ok(Expression::Number(number)),
            Token::Name(name) if *self.peek() == Token::Open => self.call(&name, at),
            Token::Name(name) => Ok(Expression::Parameter(name)),
            Token::Open => {
                let inner = self.sum()?;
                self.close(at)?;
                Ok(inner)
            }
            Token::End => Err(unexpected(&Token::End, at, "")),
            _ => {
                let help = "a number, a parameter or `(` belongs here";
                Err(error(at, "an operator has nothing to work on", help))
            }
        }
    }

    fn call(&mut self, name: &str, at: Range<usize>) -> Result<Expression, RequirementError> {
        let Some(function) = Function::ALL.into_iter().find(|function| function.name() == name) else {
            let all = Function::ALL.map(Function::name).join(", ");
            return Err(error(
                at,
                format!("there is no function `{name}`"),
                format!("there are: {all}; for a product write `*`"),
            ));
        };
        let (_, open) = self.current();
        self.next += 1;
        let mut arguments = vec![self.sum()?];
        while *self.peek() == Token::Comma {
            self.next += 1;
            arguments.push(self.sum()?);
        }
        self.close(open)?;
        match (function.is_of_many(), arguments.len()) {
            (true, 1) => {
                Err(error(at, format!("`{name}` takes two numbers or more"), format!("for example: {name}(a, b)")))
            }
            (false, 2..) => Err(error(at, format!("`{name}` takes one number"), format!("for example: {name}(a)"))),
            _ => Ok(Expression::Call(function, arguments)),
        }
    }

    fn close(&mut self, open: Range<usize>) -> Result<(), RequirementError> {
        let (token, at) = self.current();
        match token {
            Token::Close => {
                self.next += 1;
                Ok(())
            }
            Token::End => Err(error(open, "this parenthesis is not closed", "add `)`")),
            Token::Compare(_) => {
                Err(error(at, "a relation cannot stand within parentheses", "compare two whole sides"))
            }
            _ => Err(error(at, "an operator or `)` is missing here", "for a product write `*`")),
        }
    }

    fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, RequirementError>,
    ) -> Result<T, RequirementError> {
        if self.depth == DEEPEST {
            let help = format!("at most {DEEPEST} parentheses, signs and powers may be nested");
            return Err(error(self.current().1, "this is nested too deeply", help));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }
}
