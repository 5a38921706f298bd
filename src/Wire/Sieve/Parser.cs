namespace Aviso.Sieve;

/// <summary>
/// RFC 5228 §8.2. After an error it goes on behind the next ";" or "}", so that one mistake does not hide the next. Recursion is
/// bounded by <see cref="SieveOptions.Depth"/>.
/// </summary>
internal ref struct Parser(ReadOnlySpan<char> script, Problems problems, SieveOptions options)
{
    private Lexer _lexer = new(script);
    private Token _token;
    private int _blocks;
    private int _tests;
    private int _phrases;
    private bool _gaveUp;

    // start = commands
    public List<Phrase> Start()
    {
        Advance();
        var commands = Commands();
        while (!_gaveUp && _token.Kind != TokenKind.End)
        {
            // Only "}" ends commands early.
            Wrong(_token.At, "this } closes nothing");
            Advance();
            commands.AddRange(Commands());
        }
        return commands;
    }

    private void Advance()
    {
        _token = _lexer.Next();
        while (_token.Kind == TokenKind.Wrong && !problems.IsFull)
        {
            problems.Error(_token.At, _token.Text);
            _token = _lexer.Next();
        }
        if (problems.IsFull && _token.Kind == TokenKind.Wrong) GiveUp();
    }

    private void Wrong(int at, string text)
    {
        problems.Error(at, text);
        if (problems.IsFull) GiveUp();
    }

    private void GiveUp()
    {
        _gaveUp = true;
        _token = new(TokenKind.End, _token.At, "");
    }

    // commands = *command
    private List<Phrase> Commands()
    {
        var list = new List<Phrase>();
        while (!_gaveUp && _token.Kind is not (TokenKind.End or TokenKind.RightBrace))
        {
            if (Command() is { } command) list.Add(command);
        }
        return list;
    }

    // command = identifier arguments (";" / block)
    private Phrase? Command()
    {
        if (_token.Kind != TokenKind.Identifier)
        {
            Wrong(_token.At, $"a command is wanted here, not {Describe(_token)}");
            Recover();
            return null;
        }
        var command = new Phrase(_token.Text, _token.At);
        if (!Count(command.At)) return null;
        Advance();
        if (!Arguments(command))
        {
            Recover();
            return null;
        }
        if (_token.Kind == TokenKind.Semicolon)
        {
            Advance();
            return command;
        }
        if (_token.Kind == TokenKind.LeftBrace) return Block(command) ? command : null;
        Wrong(_token.At, $"`{command.Name}` ends with ; or a block, not with {Describe(_token)}");
        Recover();
        return null;
    }

    // block = "{" commands "}"
    private bool Block(Phrase command)
    {
        var at = _token.At;
        if (!Deeper(at, ++_blocks, "blocks")) return false;
        Advance();
        command.Block = Commands();
        _blocks--;
        if (_gaveUp) return true;
        if (_token.Kind != TokenKind.RightBrace)
        {
            Wrong(at, "this { has no closing }");
            return true;
        }
        Advance();
        return true;
    }

    // arguments = *argument [ test / test-list ]
    private bool Arguments(Phrase phrase)
    {
        while (true)
        {
            switch (_token.Kind)
            {
                case TokenKind.Tag:
                    phrase.Arguments.Add(Argument.Tag(_token.At, _token.Text));
                    Advance();
                    break;
                case TokenKind.Number:
                    phrase.Arguments.Add(Argument.Of(_token.At, _token.Number));
                    Advance();
                    break;
                case TokenKind.String:
                    phrase.Arguments.Add(Argument.Of(_token.At, [new(_token.Text, _token.At)], isList: false));
                    Advance();
                    break;
                case TokenKind.LeftBracket:
                    if (!StringList(phrase)) return false;
                    break;
                case TokenKind.Identifier:
                    return Test(phrase);
                case TokenKind.LeftParenthesis:
                    return TestList(phrase);
                default:
                    return !_gaveUp;
            }
        }
    }

    // string-list = "[" string *("," string) "]"
    private bool StringList(Phrase phrase)
    {
        var at = _token.At;
        var strings = new List<Literal>();
        do
        {
            Advance();
            if (_token.Kind == TokenKind.RightBracket && strings.Count == 0) break;
            if (_token.Kind != TokenKind.String)
            {
                Wrong(_token.At, $"a string is wanted in this list, not {Describe(_token)}");
                return false;
            }
            strings.Add(new(_token.Text, _token.At));
            Advance();
        }
        while (_token.Kind == TokenKind.Comma);
        if (_token.Kind != TokenKind.RightBracket)
        {
            Wrong(_token.At, $"this list goes on with , or ends with ], not with {Describe(_token)}");
            return false;
        }
        if (strings.Count == 0)
        {
            Wrong(at, "a list has at least one string");
            return false;
        }
        Advance();
        phrase.Arguments.Add(Argument.Of(at, strings, isList: true));
        return true;
    }

    // test = identifier arguments
    private bool Test(Phrase parent)
    {
        var test = new Phrase(_token.Text, _token.At);
        if (!Count(test.At) || !Deeper(test.At, ++_tests, "tests")) return false;
        parent.Tests.Add(test);
        Advance();
        var whole = Arguments(test);
        _tests--;
        return whole;
    }

    // test-list = "(" test *("," test) ")"
    private bool TestList(Phrase parent)
    {
        parent.IsTestList = true;
        do
        {
            Advance();
            if (_token.Kind != TokenKind.Identifier)
            {
                Wrong(_token.At, $"a test is wanted here, not {Describe(_token)}");
                return false;
            }
            if (!Test(parent)) return false;
        }
        while (_token.Kind == TokenKind.Comma);
        if (_token.Kind != TokenKind.RightParenthesis)
        {
            Wrong(_token.At, $"this list of tests goes on with , or ends with ), not with {Describe(_token)}");
            return false;
        }
        Advance();
        return true;
    }

    private bool Count(int at)
    {
        if (++_phrases <= options.Commands) return true;
        problems.Error(at, $"a script has at most {options.Commands} commands and tests");
        GiveUp();
        return false;
    }

    // RFC 5228 §3.1, §5: at least 15 of each.
    private bool Deeper(int at, int depth, string what)
    {
        if (depth <= options.Depth) return true;
        problems.Error(at, $"{what} are nested at most {options.Depth} deep");
        GiveUp();
        return false;
    }

    // Behind the next ";" or block on this level, or in front of "}".
    private void Recover()
    {
        var open = 0;
        while (_token.Kind != TokenKind.End)
        {
            if (_token.Kind == TokenKind.LeftBrace) open++;
            else if (_token.Kind == TokenKind.RightBrace)
            {
                if (open == 0) return;
                if (--open == 0)
                {
                    Advance();
                    return;
                }
            }
            else if (_token.Kind == TokenKind.Semicolon && open == 0)
            {
                Advance();
                return;
            }
            Advance();
        }
    }

    private static string Describe(Token token) => token.Kind switch
    {
        TokenKind.End => "the end of the script",
        TokenKind.Identifier => $"`{token.Text}`",
        TokenKind.Tag => $":{token.Text}",
        TokenKind.Number => "a number",
        TokenKind.String => "a string",
        _ => $"`{token.Text}`",
    };
}
