# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_cert_assistant_global_optspecs
    string join \n practice= lang= open= background quit h/help V/version
end

function __fish_cert_assistant_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_cert_assistant_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_cert_assistant_using_subcommand
    set -l cmd (__fish_cert_assistant_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c cert-assistant -n "__fish_cert_assistant_needs_command" -l practice -d 'Practice with virtual keys and a CA in this program; `renewal` and `unlock` have a key for each way a renewal and an unlock can go' -r
complete -c cert-assistant -n "__fish_cert_assistant_needs_command" -l lang -d 'Language of messages on the command line' -r -f -a "zh\t''
en\t''"
complete -c cert-assistant -n "__fish_cert_assistant_needs_command" -l open -d 'What to show: `window`, `renew`, `unlock`, `check`, `orders`, or a link such as `cert-assistant:renew?serial=12ab`' -r
complete -c cert-assistant -n "__fish_cert_assistant_needs_command" -l background -d 'Start into the tray'
complete -c cert-assistant -n "__fish_cert_assistant_needs_command" -l quit -d 'Ask the program that is running to end, and wait until it has; 1 when it stays, because it is in the middle of something'
complete -c cert-assistant -n "__fish_cert_assistant_needs_command" -s h -l help -d 'Print help'
complete -c cert-assistant -n "__fish_cert_assistant_needs_command" -s V -l version -d 'Print version'
complete -c cert-assistant -n "__fish_cert_assistant_needs_command" -f -a "list" -d 'List the inserted keys'
complete -c cert-assistant -n "__fish_cert_assistant_needs_command" -f -a "show" -d 'Show one key with both certificates'
complete -c cert-assistant -n "__fish_cert_assistant_needs_command" -f -a "change-pin" -d 'Change the user PIN; asks for it on the terminal'
complete -c cert-assistant -n "__fish_cert_assistant_needs_command" -f -a "export" -d 'Write a certificate to a file'
complete -c cert-assistant -n "__fish_cert_assistant_needs_command" -f -a "check" -d 'Look at everything between the USB bus and the CA; nothing is changed'
complete -c cert-assistant -n "__fish_cert_assistant_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c cert-assistant -n "__fish_cert_assistant_using_subcommand list" -l lang -d 'Language of messages on the command line' -r -f -a "zh\t''
en\t''"
complete -c cert-assistant -n "__fish_cert_assistant_using_subcommand list" -l json -d 'As JSON, one array'
complete -c cert-assistant -n "__fish_cert_assistant_using_subcommand list" -s h -l help -d 'Print help'
complete -c cert-assistant -n "__fish_cert_assistant_using_subcommand show" -l lang -d 'Language of messages on the command line' -r -f -a "zh\t''
en\t''"
complete -c cert-assistant -n "__fish_cert_assistant_using_subcommand show" -l json -d 'As JSON, one object'
complete -c cert-assistant -n "__fish_cert_assistant_using_subcommand show" -s h -l help -d 'Print help'
complete -c cert-assistant -n "__fish_cert_assistant_using_subcommand change-pin" -l pin-fd -d 'Read the current and the new PIN from this file descriptor, one a line, instead of the terminal' -r
complete -c cert-assistant -n "__fish_cert_assistant_using_subcommand change-pin" -l lang -d 'Language of messages on the command line' -r -f -a "zh\t''
en\t''"
complete -c cert-assistant -n "__fish_cert_assistant_using_subcommand change-pin" -l last-tries -d 'Go on though only one or two tries are left'
complete -c cert-assistant -n "__fish_cert_assistant_using_subcommand change-pin" -s h -l help -d 'Print help'
complete -c cert-assistant -n "__fish_cert_assistant_using_subcommand export" -l out -d 'Where to' -r -F
complete -c cert-assistant -n "__fish_cert_assistant_using_subcommand export" -l format -d 'Format of the file' -r -f -a "pem\t'Base64 text'
der\t'Binary'
p7b\t'With the chain'"
complete -c cert-assistant -n "__fish_cert_assistant_using_subcommand export" -l lang -d 'Language of messages on the command line' -r -f -a "zh\t''
en\t''"
complete -c cert-assistant -n "__fish_cert_assistant_using_subcommand export" -l force -d 'Overwrite a file that is there'
complete -c cert-assistant -n "__fish_cert_assistant_using_subcommand export" -l encrypt -d 'The encryption certificate instead of the signing certificate'
complete -c cert-assistant -n "__fish_cert_assistant_using_subcommand export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c cert-assistant -n "__fish_cert_assistant_using_subcommand check" -l html -d 'Write a report as a page to this file, besides the lines' -r -F
complete -c cert-assistant -n "__fish_cert_assistant_using_subcommand check" -l lang -d 'Language of messages on the command line' -r -f -a "zh\t''
en\t''"
complete -c cert-assistant -n "__fish_cert_assistant_using_subcommand check" -l json -d 'As JSON, one object'
complete -c cert-assistant -n "__fish_cert_assistant_using_subcommand check" -l private -d 'With names, serial numbers, addresses and paths'
complete -c cert-assistant -n "__fish_cert_assistant_using_subcommand check" -s h -l help -d 'Print help'
complete -c cert-assistant -n "__fish_cert_assistant_using_subcommand help; and not __fish_seen_subcommand_from list show change-pin export check help" -f -a "list" -d 'List the inserted keys'
complete -c cert-assistant -n "__fish_cert_assistant_using_subcommand help; and not __fish_seen_subcommand_from list show change-pin export check help" -f -a "show" -d 'Show one key with both certificates'
complete -c cert-assistant -n "__fish_cert_assistant_using_subcommand help; and not __fish_seen_subcommand_from list show change-pin export check help" -f -a "change-pin" -d 'Change the user PIN; asks for it on the terminal'
complete -c cert-assistant -n "__fish_cert_assistant_using_subcommand help; and not __fish_seen_subcommand_from list show change-pin export check help" -f -a "export" -d 'Write a certificate to a file'
complete -c cert-assistant -n "__fish_cert_assistant_using_subcommand help; and not __fish_seen_subcommand_from list show change-pin export check help" -f -a "check" -d 'Look at everything between the USB bus and the CA; nothing is changed'
complete -c cert-assistant -n "__fish_cert_assistant_using_subcommand help; and not __fish_seen_subcommand_from list show change-pin export check help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
