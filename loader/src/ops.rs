//! The one table of generic opcodes, and what derives from it.
//!
//! Generic opcodes are what compilers put into the `Code` chunk. Every fact about them (number,
//! name, operand kinds, releases, meaning) is written once, in [`for_each_op!`]; the enum, the
//! decoder, the operand checker, the disassembler and the coverage report all read it from there.
//! Rows are in the order of their numbers, which have no gaps.

/// Calls a macro with the table of generic opcodes.
///
/// A row is `/// meaning`, then
/// `Variant = number, "name", (operand kinds), since RELEASE, obsolete RELEASE-or-never;`.
///
/// `since` is the first OTP release that has the opcode (5 stands for R5 and older). `obsolete` is
/// the first of the releases 25, 27 and 29 whose compiler no longer emits it.
#[macro_export]
macro_rules! for_each_op {
    ($callback:ident) => {
        $callback! {
            /// Names this code address and begins a basic block.
            Label = 1, "label", (LabelDef), since 5, obsolete never;
            /// Head of a function: raises `function_clause` when jumped to.
            FuncInfo = 2, "func_info", (Atom Atom Arity), since 5, obsolete never;
            /// Last instruction of a module.
            IntCodeEnd = 3, "int_code_end", (), since 5, obsolete never;
            /// Calls a local function.
            Call = 4, "call", (Arity Label), since 5, obsolete never;
            /// Drops the frame and tail-calls a local function.
            CallLast = 5, "call_last", (Arity Label FrameSize), since 5, obsolete never;
            /// Tail-calls a local function; there is no frame.
            CallOnly = 6, "call_only", (Arity Label), since 5, obsolete never;
            /// Calls an imported function.
            CallExt = 7, "call_ext", (Arity Import), since 5, obsolete never;
            /// Drops the frame and tail-calls an imported function.
            CallExtLast = 8, "call_ext_last", (Arity Import FrameSize), since 5, obsolete never;
            /// Calls a guard BIF of no arguments; it cannot fail.
            Bif0 = 9, "bif0", (Import Dest), since 5, obsolete never;
            /// Calls a guard BIF of one argument.
            Bif1 = 10, "bif1", (FailOrNone Import Source Dest), since 5, obsolete never;
            /// Calls a guard BIF of two arguments.
            Bif2 = 11, "bif2", (FailOrNone Import Source Source Dest), since 5, obsolete never;
            /// Makes a stack frame.
            Allocate = 12, "allocate", (FrameSize Live), since 5, obsolete never;
            /// Makes a stack frame and reserves heap words.
            AllocateHeap = 13, "allocate_heap", (FrameSize HeapNeed Live), since 5, obsolete never;
            /// Makes a stack frame whose slots hold nil.
            AllocateZero = 14, "allocate_zero", (FrameSize Live), since 5, obsolete 27;
            /// Makes a stack frame whose slots hold nil and reserves heap words.
            AllocateHeapZero = 15, "allocate_heap_zero", (FrameSize HeapNeed Live), since 5, obsolete 27;
            /// Reserves heap words.
            TestHeap = 16, "test_heap", (HeapNeed Live), since 5, obsolete never;
            /// Sets a Y register to nil.
            Init = 17, "init", (YReg), since 5, obsolete 27;
            /// Drops the stack frame.
            Deallocate = 18, "deallocate", (FrameSize), since 5, obsolete never;
            /// Returns x0 to the caller.
            Return = 19, "return", (), since 5, obsolete never;
            /// Sends x1 to the process x0; x0 becomes the message.
            Send = 20, "send", (), since 5, obsolete never;
            /// Takes the current message out of the queue and ends the receive.
            RemoveMessage = 21, "remove_message", (), since 5, obsolete never;
            /// Ends a receive whose time is up: the next one starts at the first message.
            Timeout = 22, "timeout", (), since 5, obsolete never;
            /// Fetches the current message, or jumps when there is none.
            LoopRec = 23, "loop_rec", (Label Dest), since 5, obsolete never;
            /// Steps to the next message and jumps back.
            LoopRecEnd = 24, "loop_rec_end", (Label), since 5, obsolete never;
            /// Suspends the process until a message arrives.
            Wait = 25, "wait", (Label), since 5, obsolete never;
            /// Suspends the process until a message arrives or the time is up.
            WaitTimeout = 26, "wait_timeout", (Label Source), since 5, obsolete never;
            /// Addition.
            MPlus = 27, "m_plus", (FailOrNone Source Source Dest), since 5, obsolete 25;
            /// Subtraction.
            MMinus = 28, "m_minus", (FailOrNone Source Source Dest), since 5, obsolete 25;
            /// Multiplication.
            MTimes = 29, "m_times", (FailOrNone Source Source Dest), since 5, obsolete 25;
            /// Float division.
            MDiv = 30, "m_div", (FailOrNone Source Source Dest), since 5, obsolete 25;
            /// Integer division.
            IntDiv = 31, "int_div", (FailOrNone Source Source Dest), since 5, obsolete 25;
            /// Integer remainder.
            IntRem = 32, "int_rem", (FailOrNone Source Source Dest), since 5, obsolete 25;
            /// Bitwise and.
            IntBand = 33, "int_band", (FailOrNone Source Source Dest), since 5, obsolete 25;
            /// Bitwise or.
            IntBor = 34, "int_bor", (FailOrNone Source Source Dest), since 5, obsolete 25;
            /// Bitwise exclusive or.
            IntBxor = 35, "int_bxor", (FailOrNone Source Source Dest), since 5, obsolete 25;
            /// Shift left.
            IntBsl = 36, "int_bsl", (FailOrNone Source Source Dest), since 5, obsolete 25;
            /// Shift right.
            IntBsr = 37, "int_bsr", (FailOrNone Source Source Dest), since 5, obsolete 25;
            /// Bitwise not.
            IntBnot = 38, "int_bnot", (FailOrNone Source Dest), since 5, obsolete 25;
            /// Jumps unless the first term orders before the second.
            IsLt = 39, "is_lt", (Label Source Source), since 5, obsolete never;
            /// Jumps unless the first term orders at or after the second.
            IsGe = 40, "is_ge", (Label Source Source), since 5, obsolete never;
            /// Jumps unless the terms are equal, numbers by value.
            IsEq = 41, "is_eq", (Label Source Source), since 5, obsolete never;
            /// Jumps if the terms are equal, numbers by value.
            IsNe = 42, "is_ne", (Label Source Source), since 5, obsolete never;
            /// Jumps unless the terms are identical.
            IsEqExact = 43, "is_eq_exact", (Label Source Source), since 5, obsolete never;
            /// Jumps if the terms are identical.
            IsNeExact = 44, "is_ne_exact", (Label Source Source), since 5, obsolete never;
            /// Jumps unless the term is an integer.
            IsInteger = 45, "is_integer", (Label Source), since 5, obsolete never;
            /// Jumps unless the term is a float.
            IsFloat = 46, "is_float", (Label Source), since 5, obsolete never;
            /// Jumps unless the term is a number.
            IsNumber = 47, "is_number", (Label Source), since 5, obsolete never;
            /// Jumps unless the term is an atom.
            IsAtom = 48, "is_atom", (Label Source), since 5, obsolete never;
            /// Jumps unless the term is a pid.
            IsPid = 49, "is_pid", (Label Source), since 5, obsolete never;
            /// Jumps unless the term is a reference.
            IsReference = 50, "is_reference", (Label Source), since 5, obsolete never;
            /// Jumps unless the term is a port.
            IsPort = 51, "is_port", (Label Source), since 5, obsolete never;
            /// Jumps unless the term is the empty list.
            IsNil = 52, "is_nil", (Label Source), since 5, obsolete never;
            /// Jumps unless the term is a binary of whole bytes.
            IsBinary = 53, "is_binary", (Label Source), since 5, obsolete never;
            /// Jumps unless the term is a constant.
            IsConstant = 54, "is_constant", (Label Source), since 5, obsolete 25;
            /// Jumps unless the term is a cons cell or nil.
            IsList = 55, "is_list", (Label Source), since 5, obsolete never;
            /// Jumps unless the term is a cons cell.
            IsNonemptyList = 56, "is_nonempty_list", (Label Source), since 5, obsolete never;
            /// Jumps unless the term is a tuple.
            IsTuple = 57, "is_tuple", (Label Source), since 5, obsolete never;
            /// Jumps unless the tuple has this many elements.
            TestArity = 58, "test_arity", (Label Source Unsigned), since 5, obsolete never;
            /// Jumps to the label paired with the value, or to the fail label.
            SelectVal = 59, "select_val", (Source Label SelectVal), since 5, obsolete never;
            /// Jumps to the label paired with the tuple's size, or to the fail label.
            SelectTupleArity = 60, "select_tuple_arity", (Source Label SelectArity), since 5, obsolete never;
            /// Jumps.
            Jump = 61, "jump", (Label), since 5, obsolete never;
            /// Puts a catch tag into the Y register.
            Catch = 62, "catch", (YReg Label), since 5, obsolete never;
            /// Ends a catch: turns an exception into the value of the expression.
            CatchEnd = 63, "catch_end", (YReg), since 5, obsolete never;
            /// Copies a term into a register.
            Move = 64, "move", (Source Dest), since 5, obsolete never;
            /// Takes a cons cell apart.
            GetList = 65, "get_list", (Source Dest Dest), since 5, obsolete never;
            /// Fetches an element of a tuple, counted from 0.
            GetTupleElement = 66, "get_tuple_element", (Source Unsigned Dest), since 5, obsolete never;
            /// Overwrites an element of a tuple that nobody else has seen.
            SetTupleElement = 67, "set_tuple_element", (Source Register Unsigned), since 5, obsolete never;
            /// Builds a list from the string table.
            PutString = 68, "put_string", (Unsigned StringOffset Dest), since 5, obsolete 25;
            /// Builds a cons cell.
            PutList = 69, "put_list", (Source Source Dest), since 5, obsolete never;
            /// Begins a tuple whose elements follow in `put` instructions.
            PutTuple = 70, "put_tuple", (Unsigned Dest), since 5, obsolete 25;
            /// Adds an element to the tuple under construction.
            Put = 71, "put", (Source), since 5, obsolete 25;
            /// Raises `{badmatch, Term}`.
            Badmatch = 72, "badmatch", (Source), since 5, obsolete never;
            /// Raises `if_clause`.
            IfEnd = 73, "if_end", (), since 5, obsolete never;
            /// Raises `{case_clause, Term}`.
            CaseEnd = 74, "case_end", (Source), since 5, obsolete never;
            /// Calls the fun in the X register after the arguments.
            CallFun = 75, "call_fun", (Arity), since 5, obsolete never;
            /// Builds a fun (before the lambda table).
            MakeFun = 76, "make_fun", (Label Unsigned Unsigned), since 5, obsolete 25;
            /// Jumps unless the term is a fun.
            IsFunction = 77, "is_function", (Label Source), since 5, obsolete never;
            /// Tail-calls an imported function; there is no frame.
            CallExtOnly = 78, "call_ext_only", (Arity Import), since 5, obsolete never;
            /// Begins matching a binary (before match contexts).
            BsStartMatch = 79, "bs_start_match", (Label Register), since 7, obsolete 25;
            /// Matches an integer (before match contexts).
            BsGetInteger = 80, "bs_get_integer", (Label Source Unit Flags Dest), since 7, obsolete 25;
            /// Matches a float (before match contexts).
            BsGetFloat = 81, "bs_get_float", (Label Source Unit Flags Dest), since 7, obsolete 25;
            /// Matches a binary (before match contexts).
            BsGetBinary = 82, "bs_get_binary", (Label Source Unit Flags Dest), since 7, obsolete 25;
            /// Skips bits (before match contexts).
            BsSkipBits = 83, "bs_skip_bits", (Label Source Unit Flags), since 7, obsolete 25;
            /// Tests what is left (before match contexts).
            BsTestTail = 84, "bs_test_tail", (Label Unsigned), since 7, obsolete 25;
            /// Saves a position (before match contexts).
            BsSave = 85, "bs_save", (Unsigned), since 7, obsolete 25;
            /// Restores a position (before match contexts).
            BsRestore = 86, "bs_restore", (Unsigned), since 7, obsolete 25;
            /// Begins building a binary (before R10B).
            BsInit = 87, "bs_init", (Unsigned Unsigned), since 7, obsolete 25;
            /// Ends building a binary (before R10B).
            BsFinal = 88, "bs_final", (FailOrNone Dest), since 7, obsolete 25;
            /// Stores an integer segment into the binary under construction.
            BsPutInteger = 89, "bs_put_integer", (FailOrNone Source Unit Flags Source), since 7, obsolete 29;
            /// Stores a binary segment into the binary under construction.
            BsPutBinary = 90, "bs_put_binary", (FailOrNone Source Unit Flags Source), since 7, obsolete 29;
            /// Stores a float segment into the binary under construction.
            BsPutFloat = 91, "bs_put_float", (FailOrNone Source Unit Flags Source), since 7, obsolete 29;
            /// Stores bytes of the string table into the binary under construction.
            BsPutString = 92, "bs_put_string", (Unsigned StringOffset), since 7, obsolete 29;
            /// Reserves a bit buffer (before R10B).
            BsNeedBuf = 93, "bs_need_buf", (Unsigned), since 7, obsolete 25;
            /// Clears the float error flag.
            Fclearerror = 94, "fclearerror", (), since 8, obsolete 27;
            /// Raises `badarith` if the float error flag is set.
            Fcheckerror = 95, "fcheckerror", (FailOrNone), since 8, obsolete 27;
            /// Moves a float between a float register and a term.
            Fmove = 96, "fmove", (SourceOrFloat DestOrFloat), since 8, obsolete never;
            /// Converts a number into a float register.
            Fconv = 97, "fconv", (SourceOrFloat FloatReg), since 8, obsolete never;
            /// Adds float registers.
            Fadd = 98, "fadd", (FailOrNone FloatReg FloatReg FloatReg), since 8, obsolete never;
            /// Subtracts float registers.
            Fsub = 99, "fsub", (FailOrNone FloatReg FloatReg FloatReg), since 8, obsolete never;
            /// Multiplies float registers.
            Fmul = 100, "fmul", (FailOrNone FloatReg FloatReg FloatReg), since 8, obsolete never;
            /// Divides float registers.
            Fdiv = 101, "fdiv", (FailOrNone FloatReg FloatReg FloatReg), since 8, obsolete never;
            /// Negates a float register.
            Fnegate = 102, "fnegate", (FailOrNone FloatReg FloatReg), since 8, obsolete never;
            /// Builds a fun from the lambda table, its environment in x0 and up; result in x0.
            MakeFun2 = 103, "make_fun2", (Lambda), since 8, obsolete 27;
            /// Puts a try tag into the Y register.
            Try = 104, "try", (YReg Label), since 10, obsolete never;
            /// Ends the protected part of a try.
            TryEnd = 105, "try_end", (YReg), since 10, obsolete never;
            /// Begins the handlers: x0 to x2 hold class, reason and raw stack trace.
            TryCase = 106, "try_case", (YReg), since 10, obsolete never;
            /// Raises `{try_clause, Term}`.
            TryCaseEnd = 107, "try_case_end", (Source), since 10, obsolete never;
            /// Raises again an exception from its raw stack trace and reason.
            Raise = 108, "raise", (Source Source), since 10, obsolete never;
            /// Begins building a binary of a size in bytes.
            BsInit2 = 109, "bs_init2", (FailOrNone BitSize HeapNeed Live Flags Dest), since 10, obsolete 29;
            /// Converts a size in bits into bytes.
            BsBitsToBytes = 110, "bs_bits_to_bytes", (FailOrNone Source Dest), since 10, obsolete 25;
            /// Adds sizes: Source1 + Source2 * Unit.
            BsAdd = 111, "bs_add", (FailOrNone Source Source Unit Dest), since 10, obsolete 29;
            /// Calls M:F with N arguments; M and F in the X registers after them.
            Apply = 112, "apply", (Arity), since 10, obsolete never;
            /// Drops the frame and tail-calls M:F with N arguments.
            ApplyLast = 113, "apply_last", (Arity FrameSize), since 10, obsolete never;
            /// Jumps unless the term is `true` or `false`.
            IsBoolean = 114, "is_boolean", (Label Source), since 10, obsolete never;
            /// Jumps unless the term is a fun of this arity.
            IsFunction2 = 115, "is_function2", (Label Source Source), since 10, obsolete never;
            /// Begins matching a binary, with slots for saved positions.
            BsStartMatch2 = 116, "bs_start_match2", (Label Source Live Unsigned Dest), since 11, obsolete 25;
            /// Matches an integer segment.
            BsGetInteger2 = 117, "bs_get_integer2", (Label Context Live Source Unit Flags Dest), since 11, obsolete never;
            /// Matches a float segment.
            BsGetFloat2 = 118, "bs_get_float2", (Label Context Live Source Unit Flags Dest), since 11, obsolete never;
            /// Matches a binary segment.
            BsGetBinary2 = 119, "bs_get_binary2", (Label Context Live Source Unit Flags Dest), since 11, obsolete never;
            /// Skips a segment.
            BsSkipBits2 = 120, "bs_skip_bits2", (Label Context Source Unit Flags), since 11, obsolete never;
            /// Jumps unless exactly this many bits are left.
            BsTestTail2 = 121, "bs_test_tail2", (Label Context Unsigned), since 11, obsolete never;
            /// Saves the match position in a slot.
            BsSave2 = 122, "bs_save2", (Register Unsigned), since 11, obsolete 25;
            /// Restores the match position from a slot.
            BsRestore2 = 123, "bs_restore2", (Register Unsigned), since 11, obsolete 25;
            /// Calls a guard BIF of one argument that may need heap space.
            GcBif1 = 124, "gc_bif1", (FailOrNone Live Import Source Dest), since 11, obsolete never;
            /// Calls a guard BIF of two arguments that may need heap space.
            GcBif2 = 125, "gc_bif2", (FailOrNone Live Import Source Source Dest), since 11, obsolete never;
            /// Ends building a binary (experimental, never emitted).
            BsFinal2 = 126, "bs_final2", (Source Dest), since 11, obsolete 25;
            /// Converts a size in bits into bytes (experimental, never emitted).
            BsBitsToBytes2 = 127, "bs_bits_to_bytes2", (Source Dest), since 11, obsolete 25;
            /// Loads a literal.
            PutLiteral = 128, "put_literal", (Unsigned Dest), since 11, obsolete 25;
            /// Jumps unless the term is a bitstring.
            IsBitstr = 129, "is_bitstr", (Label Source), since 11, obsolete never;
            /// Turns a match context back into the binary it matches.
            BsContextToBinary = 130, "bs_context_to_binary", (Register), since 12, obsolete 25;
            /// Jumps unless the bits left are a multiple of the unit.
            BsTestUnit = 131, "bs_test_unit", (Label Context Unit), since 12, obsolete 29;
            /// Jumps unless the next bits equal those of the string table.
            BsMatchString = 132, "bs_match_string", (Label Context Unsigned StringOffset), since 12, obsolete never;
            /// Makes an empty appendable binary; size hint in x0, result in x0.
            BsInitWritable = 133, "bs_init_writable", (), since 12, obsolete never;
            /// Begins appending to a binary.
            BsAppend = 134, "bs_append", (FailOrNone Source HeapNeed Live Unit Source Flags Dest), since 12, obsolete 29;
            /// Begins appending to a binary that nobody else has seen.
            BsPrivateAppend = 135, "bs_private_append", (FailOrNone Source Unit Source Flags Dest), since 12, obsolete 29;
            /// Drops the first words of the frame; the second operand is how many remain.
            Trim = 136, "trim", (FrameSize FrameSize), since 12, obsolete never;
            /// Begins building a bitstring of a size in bits.
            BsInitBits = 137, "bs_init_bits", (FailOrNone BitSize HeapNeed Live Flags Dest), since 12, obsolete 29;
            /// Matches a UTF-8 code point.
            BsGetUtf8 = 138, "bs_get_utf8", (Label Context Live Flags Dest), since 12, obsolete never;
            /// Skips a UTF-8 code point.
            BsSkipUtf8 = 139, "bs_skip_utf8", (Label Context Live Flags), since 12, obsolete never;
            /// Matches a UTF-16 code point.
            BsGetUtf16 = 140, "bs_get_utf16", (Label Context Live Flags Dest), since 12, obsolete never;
            /// Skips a UTF-16 code point.
            BsSkipUtf16 = 141, "bs_skip_utf16", (Label Context Live Flags), since 12, obsolete never;
            /// Matches a UTF-32 code point.
            BsGetUtf32 = 142, "bs_get_utf32", (Label Context Live Flags Dest), since 12, obsolete never;
            /// Skips a UTF-32 code point.
            BsSkipUtf32 = 143, "bs_skip_utf32", (Label Context Live Flags), since 12, obsolete never;
            /// Size in bytes of a code point in UTF-8.
            BsUtf8Size = 144, "bs_utf8_size", (FailOrNone Source Dest), since 12, obsolete 29;
            /// Stores a code point as UTF-8.
            BsPutUtf8 = 145, "bs_put_utf8", (FailOrNone Flags Source), since 12, obsolete 29;
            /// Size in bytes of a code point in UTF-16.
            BsUtf16Size = 146, "bs_utf16_size", (FailOrNone Source Dest), since 12, obsolete 29;
            /// Stores a code point as UTF-16.
            BsPutUtf16 = 147, "bs_put_utf16", (FailOrNone Flags Source), since 12, obsolete 29;
            /// Stores a code point as UTF-32.
            BsPutUtf32 = 148, "bs_put_utf32", (FailOrNone Flags Source), since 12, obsolete 29;
            /// Marks the function that runs when the module is loaded.
            OnLoad = 149, "on_load", (), since 13, obsolete never;
            /// Remembers the end of the message queue for this receive.
            RecvMark = 150, "recv_mark", (Label), since 14, obsolete 27;
            /// Lets the receive start at the remembered place.
            RecvSet = 151, "recv_set", (Label), since 14, obsolete 27;
            /// Calls a guard BIF of three arguments that may need heap space.
            GcBif3 = 152, "gc_bif3", (FailOrNone Live Import Source Source Source Dest), since 14, obsolete never;
            /// Says which source line the code that follows comes from.
            Line = 153, "line", (Line), since 15, obsolete never;
            /// Builds a map by adding or replacing keys.
            PutMapAssoc = 154, "put_map_assoc", (FailOrNone Source Dest Live SourcePairs), since 17, obsolete never;
            /// Builds a map by replacing keys that must be there.
            PutMapExact = 155, "put_map_exact", (FailOrNone Source Dest Live SourcePairs), since 17, obsolete never;
            /// Jumps unless the term is a map.
            IsMap = 156, "is_map", (Label Source), since 17, obsolete never;
            /// Jumps unless the map has all these keys.
            HasMapFields = 157, "has_map_fields", (Label Source Sources), since 17, obsolete never;
            /// Fetches the values of keys, or jumps if one is missing.
            GetMapElements = 158, "get_map_elements", (Label Source FieldDests), since 17, obsolete never;
            /// Jumps unless the term is a tuple of this size that begins with the atom.
            IsTaggedTuple = 159, "is_tagged_tuple", (Label Source Unsigned Atom), since 20, obsolete never;
            /// Turns the raw stack trace in x0 into the list form.
            BuildStacktrace = 160, "build_stacktrace", (), since 21, obsolete never;
            /// Raises class x0, reason x1 with the raw stack trace x2; x0 is `badarg` if the class is no class.
            RawRaise = 161, "raw_raise", (), since 21, obsolete never;
            /// Fetches the head of a cons cell.
            GetHd = 162, "get_hd", (Source Dest), since 21, obsolete never;
            /// Fetches the tail of a cons cell.
            GetTl = 163, "get_tl", (Source Dest), since 21, obsolete never;
            /// Builds a tuple.
            PutTuple2 = 164, "put_tuple2", (Dest Sources), since 22, obsolete never;
            /// The bits not yet matched, as a bitstring.
            BsGetTail = 165, "bs_get_tail", (Context Dest Live), since 22, obsolete never;
            /// Begins matching a binary.
            BsStartMatch3 = 166, "bs_start_match3", (FailOrNone Source Live Dest), since 22, obsolete never;
            /// The match position, as an integer.
            BsGetPosition = 167, "bs_get_position", (Context Dest Live), since 22, obsolete never;
            /// Sets the match position.
            BsSetPosition = 168, "bs_set_position", (Context Register), since 22, obsolete never;
            /// Exchanges two registers.
            Swap = 169, "swap", (Register Register), since 23, obsolete never;
            /// Begins matching a term known to be a binary (`no_fail`) or a context (`resume`).
            BsStartMatch4 = 170, "bs_start_match4", (MatchFail Live Source Dest), since 23, obsolete never;
            /// Builds a fun from the lambda table and its environment.
            MakeFun3 = 171, "make_fun3", (Lambda Dest Sources), since 24, obsolete never;
            /// Sets Y registers to nil.
            InitYregs = 172, "init_yregs", (YRegs), since 24, obsolete never;
            /// Binds a receive marker to a reference.
            RecvMarkerBind = 173, "recv_marker_bind", (Register Register), since 24, obsolete never;
            /// Forgets the receive marker of a reference.
            RecvMarkerClear = 174, "recv_marker_clear", (Register), since 24, obsolete never;
            /// Makes a receive marker at the end of the message queue.
            RecvMarkerReserve = 175, "recv_marker_reserve", (Dest), since 24, obsolete never;
            /// Lets the next receive start at the marker of a reference.
            RecvMarkerUse = 176, "recv_marker_use", (Register), since 24, obsolete never;
            /// Builds a binary from segments.
            BsCreateBin = 177, "bs_create_bin", (FailOrNone HeapNeed Live Unit Dest BinSegments), since 25, obsolete never;
            /// Calls a fun held in any register; the tag says what the compiler knows of it.
            CallFun2 = 178, "call_fun2", (FunTag Arity Register), since 25, obsolete never;
            /// Marks the entry of a function that a NIF may replace.
            NifStart = 179, "nif_start", (), since 25, obsolete never;
            /// Raises `{badrecord, Term}`.
            Badrecord = 180, "badrecord", (Source), since 25, obsolete never;
            /// Copies a tuple with some elements replaced.
            UpdateRecord = 181, "update_record", (Atom Unsigned Source Dest TupleUpdates), since 26, obsolete never;
            /// Runs a list of matching commands on a match context.
            BsMatch = 182, "bs_match", (Label Context MatchCommands), since 26, obsolete never;
            /// Counts the execution of a source line (line coverage).
            ExecutableLine = 183, "executable_line", (Line Unsigned), since 27, obsolete never;
            /// A place where the debugger may stop and inspect variables.
            DebugLine = 184, "debug_line", (Atom Line Unsigned Live), since 28, obsolete never;
            /// Calls a guard BIF of three arguments.
            Bif3 = 185, "bif3", (FailOrNone Import Source Source Source Dest), since 29, obsolete never;
            /// Jumps unless the term is a native record.
            IsAnyNativeRecord = 186, "is_any_native_record", (Label Source), since 29, obsolete never;
            /// Jumps unless the term is a native record of this module and name.
            IsNativeRecord = 187, "is_native_record", (Label Source Source Source), since 29, obsolete never;
            /// Fetches fields of a native record, or jumps if one is missing.
            GetRecordElements = 188, "get_record_elements", (Label Source FieldDests), since 29, obsolete never;
            /// Builds a native record, or copies one with fields replaced.
            PutRecord = 189, "put_record", (FailOrNone Source Source Dest Live RecordFields), since 29, obsolete never;
            /// Jumps unless the native record's fields may be read here.
            IsRecordAccessible = 190, "is_record_accessible", (Label Source Atom), since 29, obsolete never;
            /// Fetches one field of a native record.
            GetRecordField = 191, "get_record_field", (FailOrNone Source Source Source Dest), since 29, obsolete never;
        }
    };
}

/// What an operand of a generic opcode may be.
///
/// The first group are single operands, the second are lists whose elements follow a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OperandKind {
    /// The number of the label defined here (untagged).
    LabelDef,
    /// A label of this module, never 0.
    Label,
    /// A label, or 0: raise an exception (or: cannot fail).
    FailOrNone,
    /// An atom (not nil).
    Atom,
    /// Any term: register, atom, nil, integer or literal.
    Source,
    /// An X or Y register that is read (and perhaps written).
    Register,
    /// An X or Y register that holds a match context.
    Context,
    /// An X or Y register that is written.
    Dest,
    /// A Y register.
    YReg,
    /// A float register.
    FloatReg,
    /// Any term or a float register.
    SourceOrFloat,
    /// An X, Y or float register that is written.
    DestOrFloat,
    /// An untagged number.
    Unsigned,
    /// A number of arguments, 0 to 255.
    Arity,
    /// How many X registers are live, counted from x0.
    Live,
    /// A number of Y registers.
    FrameSize,
    /// Heap words: a number, or an allocation list of words, floats and funs.
    HeapNeed,
    /// An index into the import table.
    Import,
    /// An index into the lambda table.
    Lambda,
    /// An index into the line table.
    Line,
    /// An offset into the string table.
    StringOffset,
    /// The unit of a bit syntax segment, 0 to 256.
    Unit,
    /// Flags of a bit syntax segment.
    Flags,
    /// A size that is a register or an untagged number.
    BitSize,
    /// The tag of `call_fun2`: a lambda index, or the atom `safe` or `unsafe`.
    FunTag,
    /// A label, or the atom `no_fail` or `resume`.
    MatchFail,

    /// Pairs of an immediate or literal and a label.
    SelectVal,
    /// Pairs of a tuple size and a label.
    SelectArity,
    /// Terms.
    Sources,
    /// Pairs of key and value, both terms.
    SourcePairs,
    /// Pairs of a key and the register that receives its value.
    FieldDests,
    /// Y registers.
    YRegs,
    /// Groups of six: type, segment number, unit, flags, value, size.
    BinSegments,
    /// Pairs of a 1-based element position and a term.
    TupleUpdates,
    /// Matching commands, each an atom and its arguments.
    MatchCommands,
    /// Pairs of a field name (atom) and a term.
    RecordFields,
}

impl OperandKind {
    /// Whether the operand is a list.
    pub const fn is_list(self) -> bool {
        use OperandKind::*;
        matches!(
            self,
            SelectVal
                | SelectArity
                | Sources
                | SourcePairs
                | FieldDests
                | YRegs
                | BinSegments
                | TupleUpdates
                | MatchCommands
                | RecordFields
        )
    }

    /// A short name as used in documentation.
    pub const fn label(self) -> &'static str {
        use OperandKind::*;
        match self {
            LabelDef => "L",
            Label => "f",
            FailOrNone => "j",
            Atom => "a",
            Source => "s",
            Register => "S",
            Context => "ctx",
            Dest => "d",
            YReg => "y",
            FloatReg => "l",
            SourceOrFloat => "sl",
            DestOrFloat => "dl",
            Unsigned => "u",
            Arity => "arity",
            Live => "live",
            FrameSize => "frame",
            HeapNeed => "heap",
            Import => "import",
            Lambda => "fun",
            Line => "line",
            StringOffset => "str",
            Unit => "unit",
            Flags => "flags",
            BitSize => "size",
            FunTag => "tag",
            MatchFail => "fail",
            SelectVal => "[c,f..]",
            SelectArity => "[u,f..]",
            Sources => "[s..]",
            SourcePairs => "[s,s..]",
            FieldDests => "[s,d..]",
            YRegs => "[y..]",
            BinSegments => "[segment..]",
            TupleUpdates => "[u,s..]",
            MatchCommands => "[command..]",
            RecordFields => "[a,s..]",
        }
    }
}

/// Where an opcode stands in a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpStatus {
    /// The release does not have it yet.
    Unknown,
    /// The release's compiler emits it.
    Current,
    /// The release knows it, but its compiler no longer emits it.
    Obsolete,
}

/// A row of the table.
#[derive(Debug)]
pub struct OpInfo {
    /// The opcode itself.
    pub opcode: Opcode,
    /// BEAM's own name.
    pub name: &'static str,
    /// What each operand may be; its length is the arity.
    pub operands: &'static [OperandKind],
    /// The first release that has it.
    pub since: u8,
    /// The first of 25, 27 and 29 whose compiler no longer emits it.
    pub obsolete: Option<u8>,
    /// One line of documentation.
    pub doc: &'static str,
}

macro_rules! obsolete {
    (never) => {
        None
    };
    ($release:literal) => {
        Some($release)
    };
}

macro_rules! define_opcodes {
    ($( #[doc = $doc:literal] $variant:ident = $number:literal, $name:literal, ($($kind:ident)*), since $since:literal, obsolete $obsolete:tt; )*) => {
        /// A generic opcode; the discriminant is its number in the file format.
        #[repr(u8)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Opcode {
            $( #[doc = $doc] $variant = $number, )*
        }

        /// All opcodes in the order of their numbers, from 1.
        pub static OPCODES: &[OpInfo] = &[
            $( OpInfo {
                opcode: Opcode::$variant,
                name: $name,
                operands: &[$(OperandKind::$kind),*],
                since: $since,
                obsolete: obsolete!($obsolete),
                doc: $doc.trim_ascii(),
            }, )*
        ];
    };
}

for_each_op!(define_opcodes);

impl Opcode {
    /// The highest opcode there is.
    pub const MAX: u8 = OPCODES[OPCODES.len() - 1].opcode as u8;

    /// The opcode of this number.
    #[inline]
    pub fn from_u8(number: u8) -> Option<Opcode> {
        let index = number.checked_sub(1)?;
        OPCODES.get(usize::from(index)).map(|info| info.opcode)
    }

    /// The opcode of this name (and arity, which the names of generic opcodes determine).
    pub fn from_name(name: &str) -> Option<Opcode> {
        OPCODES.iter().find(|info| info.name == name).map(|info| info.opcode)
    }

    /// The row of the table.
    #[inline]
    pub fn info(self) -> &'static OpInfo {
        &OPCODES[self as usize - 1]
    }

    /// BEAM's own name.
    #[inline]
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// The number of operands.
    #[inline]
    pub fn arity(self) -> usize {
        self.info().operands.len()
    }

    /// What each operand may be.
    #[inline]
    pub fn operand_kinds(self) -> &'static [OperandKind] {
        self.info().operands
    }

    /// The first OTP release that has it (5 stands for R5 and older).
    pub fn since(self) -> u8 {
        self.info().since
    }

    /// Where it stands in an OTP release from 25 on.
    pub fn status(self, release: u8) -> OpStatus {
        let info = self.info();
        if info.since > release {
            OpStatus::Unknown
        } else if info.obsolete.is_some_and(|first| first <= release) {
            OpStatus::Obsolete
        } else {
            OpStatus::Current
        }
    }

    /// Whether some release from 25 on emits it. Code with any other opcode is not loaded.
    #[inline]
    pub fn is_loadable(self) -> bool {
        self.info().obsolete != Some(25)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_no_gaps() {
        for (index, info) in OPCODES.iter().enumerate() {
            assert_eq!(info.opcode as usize, index + 1, "{}", info.name);
            assert_eq!(Opcode::from_u8(info.opcode as u8), Some(info.opcode));
            assert_eq!(Opcode::from_name(info.name), Some(info.opcode));
        }
        assert_eq!(Opcode::from_u8(0), None);
        assert_eq!(Opcode::from_u8(Opcode::MAX + 1), None);
        assert_eq!(OPCODES.len(), 191);
    }

    #[test]
    fn facts_of_some_rows() {
        assert_eq!(Opcode::GetTupleElement.name(), "get_tuple_element");
        assert_eq!(Opcode::BsCreateBin.arity(), 6);
        assert_eq!(Opcode::Return.arity(), 0);
        assert_eq!(Opcode::BsMatch.status(25), OpStatus::Unknown);
        assert_eq!(Opcode::BsMatch.status(27), OpStatus::Current);
        assert_eq!(Opcode::BsInit2.status(27), OpStatus::Current);
        assert_eq!(Opcode::BsInit2.status(29), OpStatus::Obsolete);
        assert_eq!(Opcode::Call.info().doc, "Calls a local function.");
        assert!(!Opcode::MPlus.is_loadable());
        assert!(Opcode::AllocateZero.is_loadable());
    }
}
