; Shortcuts, the start with Windows, and the first start.
;
; Invariants
; * An update keeps what the person has: a removed icon does not come back, unless it is ticked again.
; * The start with Windows is chosen on the page for the person at the computer (the program's own switch turns it off again),
;   and with /AUTOSTART for whomever the installation is for.
; * The program is never started with the rights of an administrator.

; 1 in OUT when there is a shortcut of either name in the folder.
!macro has_shortcut FOLDER OUT
  StrCpy ${OUT} 0
  ${If} ${FileExists} "${FOLDER}\${NAME_ZH}.lnk"
  ${OrIf} ${FileExists} "${FOLDER}\${NAME_EN}.lnk"
    StrCpy ${OUT} 1
  ${EndIf}
!macroend

; From the switches, else as it is, else the icon on the desktop and in the menu.
Function WhatIsWanted
  ${If} $Installed == ""
    StrCpy $WantDesktop 1
    StrCpy $WantMenu 1
  ${Else}
    !insertmacro has_shortcut "$DESKTOP" $WantDesktop
    !insertmacro has_shortcut "$SMPROGRAMS" $WantMenu
  ${EndIf}
  ReadRegStr $0 HKCU "${RUN}" "${ID}"
  ReadRegStr $1 SHCTX "${RUN}" "${ID}"
  StrCpy $WantAutostart 0
  ${IfNot} ${Silent}
  ${AndIf} "$0$1" != ""
    StrCpy $WantAutostart 1
  ${EndIf}
  ${GetParameters} $R0
  !insertmacro switch "/NODESKTOP" $0
  ${If} $0 = 1
    StrCpy $WantDesktop 0
  ${EndIf}
  !insertmacro switch "/NOSTARTMENU" $0
  ${If} $0 = 1
    StrCpy $WantMenu 0
  ${EndIf}
  !insertmacro switch "/AUTOSTART" $0
  ${If} $0 = 1
    StrCpy $WantAutostart 1
  ${EndIf}
FunctionEnd

Var BoxDesktop
Var BoxMenu
Var BoxAutostart

Function Options
  !insertmacro MUI_HEADER_TEXT "$(OptionsTitle)" "$(OptionsSubtitle)"
  nsDialogs::Create 1018
  Pop $0
  ${NSD_CreateCheckbox} 0 8u 100% 12u "$(OptionDesktop)"
  Pop $BoxDesktop
  ${NSD_CreateCheckbox} 0 28u 100% 12u "$(OptionMenu)"
  Pop $BoxMenu
  ${NSD_CreateCheckbox} 0 48u 100% 12u "$(OptionAutostart)"
  Pop $BoxAutostart
  ${NSD_SetState} $BoxDesktop $WantDesktop
  ${NSD_SetState} $BoxMenu $WantMenu
  ${NSD_SetState} $BoxAutostart $WantAutostart
  ${NSD_CreateLabel} 0 80u 100% 36u "$(OptionsWhere)"
  Pop $0
  ${NSD_SetFocus} $BoxDesktop
  nsDialogs::Show
FunctionEnd

Function OptionsLeave
  ${NSD_GetState} $BoxDesktop $WantDesktop
  ${NSD_GetState} $BoxMenu $WantMenu
  ${NSD_GetState} $BoxAutostart $WantAutostart
  Call CloseProgram
  ${If} $0 = 0
    Abort
  ${EndIf}
FunctionEnd

; The name in the chosen language; one of the other language goes.
!macro shortcut FOLDER WANTED
  ${If} "$(Product)" != "${NAME_ZH}"
  ${OrIf} ${WANTED} = 0
    Delete "${FOLDER}\${NAME_ZH}.lnk"
  ${EndIf}
  ${If} "$(Product)" != "${NAME_EN}"
  ${OrIf} ${WANTED} = 0
    Delete "${FOLDER}\${NAME_EN}.lnk"
  ${EndIf}
  ${If} ${WANTED} = 1
    CreateShortcut "${FOLDER}\$(Product).lnk" "$INSTDIR\${EXE}" "" "$INSTDIR\${EXE}" 0 SW_SHOWNORMAL "" "$(Comment)"
  ${EndIf}
!macroend

Function Shortcuts
  ; where a shortcut starts the program
  SetOutPath "$INSTDIR"
  !insertmacro shortcut "$DESKTOP" $WantDesktop
  !insertmacro shortcut "$SMPROGRAMS" $WantMenu
FunctionEnd

Function Autostart
  StrCpy $0 '"$INSTDIR\${EXE}" --background'
  ${If} ${Silent}
    ${If} $WantAutostart = 1
      WriteRegStr SHCTX "${RUN}" "${ID}" $0
    ${EndIf}
  ${ElseIf} $WantAutostart = 0
    DeleteRegValue HKCU "${RUN}" "${ID}"
    DeleteRegValue SHCTX "${RUN}" "${ID}"
  ${Else}
    ReadRegStr $1 SHCTX "${RUN}" "${ID}"
    ${If} $1 == ""
      WriteRegStr HKCU "${RUN}" "${ID}" $0
    ${EndIf}
  ${EndIf}
FunctionEnd

Function StartProgram
  SetOutPath "$INSTDIR"
  ; TokenElevationType: with the full half of a split token, the shell starts it with the other half
  StrCpy $1 0
  System::Call 'advapi32::OpenProcessToken(p -1, i 8, *p .r0)'
  System::Call 'advapi32::GetTokenInformation(p r0, i 18, *i .r1, i 4, *i .r2)'
  System::Call 'kernel32::CloseHandle(p r0)'
  ${If} $1 = 2
    Exec '"$WINDIR\explorer.exe" "$INSTDIR\${EXE}"'
  ${Else}
    Exec '"$INSTDIR\${EXE}"'
  ${EndIf}
FunctionEnd
