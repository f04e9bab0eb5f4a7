; How the program is closed and replaced.
;
; Order of a replacement: NAME-new.exe is written and flushed, then renamed over NAME.exe in one step. That step is refused
; while somebody runs NAME.exe (another person who is signed in, a practice window); then the old one is renamed to
; NAME-old-N.exe, under which it runs on, and the new one takes its name. A cut between those two renames leaves both whole
; programs in the folder, and the next setup puts the new one in place.

; True in $0 when nobody runs the program: what runs can't be opened for writing.
!macro is_free
  ClearErrors
  FileOpen $0 "$R7\${EXE}" a
  ${If} ${Errors}
    StrCpy $0 0
  ${Else}
    FileClose $0
    StrCpy $0 1
  ${EndIf}
!macroend

; Asks the running program of this person to close: with a window the person first, who may also cancel; silent up to three times.
; What another person runs is left alone. $R7: the folder it runs from, $R8: the program to ask with. Result in $0: 1 closed, 0 it would not.
!macro close_program
  StrCpy $0 1
  ${If} ${FileExists} "$R7\${EXE}"
    !insertmacro is_free
    ${If} $0 = 0
      StrCpy $0 1
      ${IfNot} ${Silent}
        MessageBox MB_OKCANCEL|MB_ICONINFORMATION "$(WillClose)" IDOK +2
        StrCpy $0 0
      ${EndIf}
      ${If} $0 = 1
        StrCpy $R9 0
        ${Do}
          ClearErrors
          ExecWait '"$R8" --quit' $0
          ; 1: in the middle of something; anything else: closed, or nobody to ask
          ${If} ${Errors}
          ${OrIf} $0 <> 1
            StrCpy $0 1
            ${ExitDo}
          ${EndIf}
          StrCpy $0 0
          IntOp $R9 $R9 + 1
          ${If} ${Silent}
            ${If} $R9 >= 3
              ${ExitDo}
            ${EndIf}
          ${Else}
            MessageBox MB_RETRYCANCEL|MB_ICONEXCLAMATION "$(WouldNotClose)" IDRETRY +2
            ${ExitDo}
          ${EndIf}
        ${Loop}
      ${EndIf}
      ${If} $0 = 1
        ; its process ends a moment after it let go of its place
        StrCpy $R9 0
        ${Do}
          !insertmacro is_free
          ${If} $0 = 1
          ${OrIf} $R9 >= 30
            ${ExitDo}
          ${EndIf}
          IntOp $R9 $R9 + 1
          Sleep 100
        ${Loop}
        StrCpy $0 1
      ${EndIf}
    ${EndIf}
  ${EndIf}
!macroend

; Before anything is changed. Asks with the new program: what is installed need not be trusted by whoever runs the setup, and may
; be damaged. Silent: ends the setup when the program would not close. With a window: result in $0.
Function CloseProgram
  InitPluginsDir
  SetOutPath "$PLUGINSDIR"
  File "${FILES}/${EXE}"
  StrCpy $R8 "$PLUGINSDIR\${EXE}"
  StrCpy $R7 "$INSTDIR"
  ${If} $MultiUser.InstallMode == "AllUsers"
  ${AndIf} ${FileExists} "$PersonFolder\${EXE}"
    StrCpy $R7 "$PersonFolder"
  ${EndIf}
  !insertmacro close_program
  ; the folder of the plugins goes when the setup ends
  SetOutPath "$TEMP"
  ${If} ${Silent}
  ${AndIf} $0 = 0
    SetErrorLevel ${BUSY}
    Quit
  ${EndIf}
FunctionEnd

Function un.CloseProgram
  StrCpy $R8 "$INSTDIR\${EXE}"
  StrCpy $R7 "$INSTDIR"
  !insertmacro close_program
  ${If} $0 = 0
    SetErrorLevel ${BUSY}
    Quit
  ${EndIf}
FunctionEnd

; Gives a file another name at once: $1 from, $2 to, $0 the flags of MoveFileEx; $0 not 0 when done.
!define OVER 9      ; MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH
!define NOT_OVER 8  ; MOVEFILE_WRITE_THROUGH
!macro move FROM TO FLAGS
  System::Call 'kernel32::MoveFileExW(w "${FROM}", w "${TO}", i ${FLAGS}) i .r0'
!macroend

; Gives NAME.exe a name nobody uses, under which it runs on; $0 not 0 when done.
!macro step_aside FOLDER NAME
  StrCpy $1 0
  ${Do}
    IntOp $1 $1 + 1
  ${LoopWhile} ${FileExists} "${FOLDER}\${NAME}-old-$1.exe"
  !insertmacro move "${FOLDER}\${NAME}.exe" "${FOLDER}\${NAME}-old-$1.exe" ${NOT_OVER}
!macroend

; NAME-new.exe becomes NAME.exe; ends the setup when it can't.
!macro replace NAME
  System::Call 'kernel32::CreateFileW(w "$INSTDIR\${NAME}-new.exe", i 0x40000000, i 1, p 0, i 3, i 0, p 0) p .r0'
  System::Call 'kernel32::FlushFileBuffers(p r0)'
  System::Call 'kernel32::CloseHandle(p r0)'
  !insertmacro move "$INSTDIR\${NAME}-new.exe" "$INSTDIR\${NAME}.exe" ${OVER}
  ${If} $0 = 0
    !insertmacro step_aside "$INSTDIR" "${NAME}"
    !insertmacro stop_at 3
    !insertmacro move "$INSTDIR\${NAME}-new.exe" "$INSTDIR\${NAME}.exe" ${OVER}
    ${If} $0 = 0
      !insertmacro move "$INSTDIR\${NAME}-old-$1.exe" "$INSTDIR\${NAME}.exe" ${NOT_OVER}
      Delete "$INSTDIR\${NAME}-new.exe"
      MessageBox MB_OK|MB_ICONSTOP "$(CantReplace)" /SD IDOK
      SetErrorLevel ${FAILED}
      Quit
    ${EndIf}
  ${EndIf}
!macroend

; Removes what stepped aside and what an interrupted run left. What still runs goes at the next setup or the next start of Windows.
!macro sweep_old FOLDER NAME
  ClearErrors
  FindFirst $0 $1 "${FOLDER}\${NAME}-old-*.exe"
  ${DoUntil} ${Errors}
    Delete /REBOOTOK "${FOLDER}\$1"
    ClearErrors
    FindNext $0 $1
  ${Loop}
  FindClose $0
!macroend
!macro sweep FOLDER
  Delete "${FOLDER}\cert-assistant-new.exe"
  Delete "${FOLDER}\uninstall-new.exe"
  !insertmacro sweep_old "${FOLDER}" "cert-assistant"
  !insertmacro sweep_old "${FOLDER}" "uninstall"
  SetRebootFlag false
!macroend
