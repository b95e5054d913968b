// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// What bash needs besides the parser's script.
enum BashCompletion {
    /// readline cuts words at `=` and `:` and leaves quotes in, and `compgen -W` executes what it is given: a table may be called `$(reboot)`.
    static let functions = #"""
        # What is found is text, whatever is in it: compgen -W would expand it.
        __partition-cli_add_completions() {
            local candidate
            if [[ $1 == -W ]]; then
                while IFS='' read -r candidate; do
                    [[ -n $candidate && $candidate == "$cur"* ]] && COMPREPLY+=("$candidate")
                done <<<"$2"
            else
                while IFS='' read -r candidate; do
                    [[ -d $candidate ]] && candidate+=/
                    COMPREPLY+=("$candidate")
                done < <(IFS=$'\n' compgen "${@}" -- "$cur")
            fi
        }

        # Reads the line up to the cursor as bash would.
        #
        # - words: what the program would get
        # - quote: the quote that is open at the cursor, if any
        # - head: the part of the last word that stands before what readline will replace
        __partition-cli_read_line() {
            local line=${COMP_LINE:0:COMP_POINT} word='' character
            local -i index has_word=0
            words=() quote='' head=''
            for ((index = 0; index < ${#line}; index++)); do
                character=${line:index:1}
                if [[ $quote == "'" ]]; then
                    if [[ $character == "'" ]]; then quote=''; else word+=$character; fi
                elif [[ $quote == '"' ]]; then
                    if [[ $character == '"' ]]; then
                        quote=''
                    elif [[ $character == \\ && ${line:index+1:1} == ['"\\$`'] ]]; then
                        word+=${line:$((++index)):1}
                    else
                        word+=$character
                    fi
                elif [[ $character == [[:space:]] ]]; then
                    ((has_word)) && words+=("$word")
                    word='' head='' has_word=0
                    continue
                elif [[ $character == ["'"'"'] ]]; then
                    quote=$character head=$word
                elif [[ $character == \\ ]]; then
                    word+=${line:$((++index)):1}
                else
                    word+=$character
                    [[ $COMP_WORDBREAKS == *"$character"* ]] && head=$word
                fi
                has_word=1
            done
            words+=("$word")
        }

        # A text that stands in the line's quotes, or in none.
        __partition-cli_quoted() {
            case $quote in
            "'") printf %s "${1//"'"/"'\\''"}" ;;
            '"') printf %s "$1" | sed 's/["\\$`]/\\&/g' ;;
            *) printf %q "$1" ;;
            esac
        }

        __partition-cli_complete() {
            local -a words
            local quote head prefix='' candidate
            __partition-cli_read_line
            local -a COMP_WORDS=()
            local -i COMP_CWORD COMP_POINT
            local word COMP_LINE
            for word in "${words[@]}"; do
                if [[ $word == --[a-z]*=* ]]; then
                    COMP_WORDS+=("${word%%=*}" "${word#*=}")
                    prefix=${word%%=*}=
                else
                    COMP_WORDS+=("$word")
                    prefix=''
                fi
            done
            [[ ${COMP_WORDS[0]} == '~/'* ]] && COMP_WORDS[0]=$HOME/${COMP_WORDS[0]:2}
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            COMP_LINE=${COMP_WORDS[*]}
            COMP_POINT=${#COMP_LINE}
            COMPREPLY=()
            _partition-cli "${COMP_WORDS[0]}" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}" 2>/dev/null
            local -a found=("${COMPREPLY[@]}")
            COMPREPLY=()
            for candidate in "${found[@]}"; do
                candidate=$prefix$candidate
                [[ $candidate == "$head"* ]] && COMPREPLY+=("$(__partition-cli_quoted "${candidate#"$head"}")")
            done
            # readline takes a quote at the end of the name for the one that closes the word.
            [[ ${#COMPREPLY[@]} == 1 && $quote == '"' && ${COMPREPLY[0]} == *\" ]] && COMPREPLY[0]+='"'
            # An address goes on, and so does a directory.
            [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == */ ]] && compopt -o nospace 2>/dev/null
            return 0
        }

        complete -F __partition-cli_complete partition-cli

        """#
}
