//! Arithmetic over the parameters of a point.

use std::fmt;

use super::super::super::space::{Point, Value};

/// An operator between two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
}

impl Operator {
    fn sign(self) -> &'static str {
        match self {
            Self::Add => " + ",
            Self::Subtract => " - ",
            Self::Multiply => " * ",
            Self::Divide => " / ",
            Self::Remainder => " % ",
            Self::Power => "^",
        }
    }

    /// What binds tighter has the higher number; a sign in front has [`SIGN`].
    fn precedence(self) -> u8 {
        match self {
            Self::Add | Self::Subtract => 1,
            Self::Multiply | Self::Divide | Self::Remainder => 2,
            Self::Power => 4,
        }
    }

    pub(super) fn apply(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Add => a + b,
            Self::Subtract => a - b,
            Self::Multiply => a * b,
            Self::Divide => a / b,
            // With the sign of the divisor, as in Python.
            Self::Remainder => a - b * (a / b).floor(),
            Self::Power => a.powf(b),
        }
    }
}

const SIGN: u8 = 3;
const ATOM: u8 = 5;

/// A function of one number, or of two and more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Abs,
    Sqrt,
    Exp,
    Log,
    Log2,
    Log10,
    Min,
    Max,
}

impl Function {
    pub(super) const ALL: [Self; 8] =
        [Self::Abs, Self::Sqrt, Self::Exp, Self::Log, Self::Log2, Self::Log10, Self::Min, Self::Max];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Abs => "abs",
            Self::Sqrt => "sqrt",
            Self::Exp => "exp",
            Self::Log => "log",
            Self::Log2 => "log2",
            Self::Log10 => "log10",
            Self::Min => "min",
            Self::Max => "max",
        }
    }

    /// Whether it takes two numbers and more.
    pub(super) fn is_of_many(self) -> bool {
        matches!(self, Self::Min | Self::Max)
    }

    /// The value for one number; for those of many, of the first and a second.
    pub(super) fn apply(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Abs => a.abs(),
            Self::Sqrt => a.sqrt(),
            Self::Exp => a.exp(),
            Self::Log => a.ln(),
            Self::Log2 => a.log2(),
            Self::Log10 => a.log10(),
            // Unlike `f64::min`, these hide no NaN.
            Self::Min => {
                if a.is_nan() || a < b {
                    a
                } else {
                    b
                }
            }
            Self::Max => {
                if a.is_nan() || a > b {
                    a
                } else {
                    b
                }
            }
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    /// Zero or more.
    Number(f64),
    Parameter(String),
    Negative(Box<Expression>),
    Binary(Operator, Box<Expression>, Box<Expression>),
    Call(Function, Vec<Expression>),
}

/// A number, and how large those were that it was made of by adding up: what rounding may have done to it is a share of that.
#[derive(Debug, Clone, Copy)]
pub(super) struct Computed {
    pub(super) value: f64,
    pub(super) size: f64,
}

impl Computed {
    fn plain(value: f64) -> Self {
        Self { value, size: value.abs() }
    }
}

impl Expression {
    /// The value at a point; `None` where a parameter that is named is inactive, or no number.
    pub(super) fn at(&self, point: &Point) -> Option<Computed> {
        Some(match self {
            Self::Number(number) => Computed::plain(*number),
            Self::Parameter(name) => Computed::plain(point.number(name)?),
            Self::Negative(inner) => {
                let Computed { value, size } = inner.at(point)?;
                Computed { value: -value, size }
            }
            Self::Binary(operator, a, b) => {
                let (a, b) = (a.at(point)?, b.at(point)?);
                let value = operator.apply(a.value, b.value);
                let size = match operator {
                    Operator::Add | Operator::Subtract => a.size.max(b.size),
                    Operator::Multiply => a.size * b.size,
                    Operator::Divide => a.size / b.value.abs(),
                    Operator::Remainder => b.size,
                    Operator::Power => value.abs(),
                };
                Computed { value, size: size.max(value.abs()) }
            }
            Self::Call(function, arguments) => {
                let mut all = arguments.iter().map(|argument| argument.at(point));
                let first = all.next()??;
                if !function.is_of_many() {
                    return Some(Computed::plain(function.apply(first.value, 0.0)));
                }
                // What is not chosen has no part in how the chosen one was rounded.
                all.try_fold(first, |so_far, next| {
                    let next = next?;
                    let value = function.apply(so_far.value, next.value);
                    let stays = value.is_nan() || value == so_far.value;
                    Some(Computed { value, size: if stays { so_far.size } else { next.size } })
                })?
            }
        })
    }

    /// Calls `found` with each name of a parameter, in the order of writing, as often as it stands there.
    pub(super) fn names<'a>(&'a self, found: &mut dyn FnMut(&'a str)) {
        match self {
            Self::Number(_) => {}
            Self::Parameter(name) => found(name),
            Self::Negative(inner) => inner.names(found),
            Self::Binary(_, a, b) => {
                a.names(found);
                b.names(found);
            }
            Self::Call(_, arguments) => arguments.iter().for_each(|argument| argument.names(found)),
        }
    }

    fn precedence(&self) -> u8 {
        match self {
            Self::Number(_) | Self::Parameter(_) | Self::Call(..) => ATOM,
            Self::Negative(_) => SIGN,
            Self::Binary(operator, ..) => operator.precedence(),
        }
    }
}

/// With as few parentheses as tell the same.
impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = |f: &mut fmt::Formatter<'_>, part: &Self, least: u8| match part.precedence() < least {
            true => write!(f, "({part})"),
            false => write!(f, "{part}"),
        };
        match self {
            Self::Number(number) => {
                let text = Value::Float(*number).to_string();
                f.write_str(text.strip_suffix(".0").unwrap_or(&text))
            }
            Self::Parameter(name) => f.write_str(name),
            Self::Negative(part) => {
                f.write_str("-")?;
                inner(f, part, SIGN)
            }
            Self::Binary(operator, a, b) => {
                let own = operator.precedence();
                // Powers are read from the right, all others from the left.
                let (left, right) = if *operator == Operator::Power { (own + 1, SIGN) } else { (own, own + 1) };
                inner(f, a, left)?;
                f.write_str(operator.sign())?;
                inner(f, b, right)
            }
            Self::Call(function, arguments) => {
                write!(f, "{}(", function.name())?;
                for (i, argument) in arguments.iter().enumerate() {
                    write!(f, "{}{argument}", if i == 0 { "" } else { ", " })?;
                }
                f.write_str(")")
            }
        }
    }
}
